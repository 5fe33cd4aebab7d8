/** Tokens and sessions as the auth service gives them, signed by nobody. */

export function jwt(sub: string, expiresIn = 3_600): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + expiresIn;
  return `${part({ alg: "HS256" })}.${part({ sub, exp })}.signature`;
}

export function session(sub: string, expiresIn = 3_600) {
  return {
    access_token: jwt(sub, expiresIn),
    token_type: "bearer",
    expires_in: expiresIn,
    expires_at: Math.floor(Date.now() / 1_000) + expiresIn,
    refresh_token: `refresh-${sub}`,
    user: { id: sub, email: `${sub}@example.test`, app_metadata: {}, user_metadata: {}, aud: "authenticated" },
  };
}
