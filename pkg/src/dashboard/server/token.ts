/** Who asks a server: a token that is asked for at each use and kept nowhere. */

/**
 * A token, or a function that is asked for it at each request.
 *
 * @example
 * ```ts
 * import type { TokenProvider } from "seawall/dashboard";
 *
 * const token: TokenProvider = async () => (await supabase.auth.getSession()).data.session?.access_token;
 * ```
 */
export type TokenProvider = string | null | undefined | (() => string | null | undefined | Promise<string | null | undefined>);

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** The server's address, where a token may be sent to it. */
export function addressOf(server: string, page: string): URL {
  const url = new URL(server.endsWith("/") ? server : `${server}/`, page);
  const isSafe = url.protocol === "https:" || url.origin === new URL(page).origin || (url.protocol === "http:" && LOOPBACK.includes(url.hostname));
  if (!isSafe) throw new Error(`a token is sent over https, not to ${url.origin}`);
  if (url.username !== "" || url.password !== "") throw new Error("a server's address has no user and no password in it");
  return url;
}

export async function tokenFrom(provider: TokenProvider): Promise<string | undefined> {
  const given = typeof provider === "function" ? await provider() : provider;
  return given ? given : undefined;
}
