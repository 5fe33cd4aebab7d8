/**
 * Who may move circuits: the holder of a claim.
 *
 * In a page this is a convenience. The claims are not verified here and a person with a console can move any
 * guard of their own page; what protects a server is the server.
 */

/**
 * The content of a token.
 *
 * @example
 * ```ts
 * import type { Claims } from "seawall/dashboard";
 *
 * const claims: Claims = { app_metadata: { role: "admin" } };
 * ```
 */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Claims, a token that holds them, or a function that is asked for either.
 *
 * @example
 * ```ts
 * import type { ClaimsProvider } from "seawall/dashboard";
 *
 * const provider: ClaimsProvider = async () => (await supabase.auth.getSession()).data.session?.access_token;
 * ```
 */
export type ClaimsProvider = Claims | string | null | undefined | (() => Claims | string | null | undefined | Promise<Claims | string | null | undefined>);

/** Which claim makes an administrator: a path and the value it must have. */
export interface AdminClaim {
  readonly path: readonly string[];
  readonly value: string;
}

export const DEFAULT_ADMIN_CLAIM = "app_metadata.role=admin";

/** `app_metadata.role=admin`, taken apart; a path without a value wants `true`. */
export function readAdminClaim(text: string): AdminClaim {
  const [path = "", ...value] = text.split("=");
  return { path: path.trim().split("."), value: value.length === 0 ? "true" : value.join("=").trim() };
}

/** Whether these claims hold it, and have not expired. A list holds what is in it. */
export function holds(claims: Claims | undefined, { path, value }: AdminClaim, now: number): boolean {
  if (claims === undefined) return false;
  const { exp } = claims;
  if (typeof exp === "number" && exp * 1_000 <= now) return false;
  const found = path.reduce<unknown>((branch, name) => (isRecord(branch) && Object.hasOwn(branch, name) ? branch[name] : undefined), claims);
  return Array.isArray(found) ? found.some((each) => String(each) === value) : found !== undefined && found !== null && String(found) === value;
}

/** Asks the provider; whoever cannot say who they are has no claims. */
export async function claimsFrom(provider: ClaimsProvider): Promise<Claims | undefined> {
  try {
    const given = typeof provider === "function" ? await provider() : provider;
    if (typeof given === "string") return decodeToken(given);
    return isRecord(given) ? given : undefined;
  } catch {
    return undefined;
  }
}

function decodeToken(token: string): Claims | undefined {
  const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return isRecord(claims) ? claims : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
