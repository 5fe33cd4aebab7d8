/**
 * Who is calling, as a number: limits are kept for each user.
 *
 * The token is not verified, only told apart from others: the server judges it. Its subject is what stays
 * the same when it is refreshed; a token that is no JWT stands for itself.
 */

import { decodeBase64 } from "./environment.js";

/** Refreshed tokens add up slowly; a server that guards many users' calls starts over now and then. */
const MOST_TOKENS = 10_000;

/** The number for a request's `Authorization`; 0 is nobody known. */
export type Users = (authorization: string | null) => number;

export function createUsers(): Users {
  const byToken = new Map<string, number>();
  const bySubject = new Map<string, number>();
  return (authorization) => {
    if (authorization === null) return 0;
    const known = byToken.get(authorization);
    if (known !== undefined) return known;
    if (byToken.size >= MOST_TOKENS) byToken.clear();
    const subject = subjectOf(authorization);
    const number = bySubject.get(subject) ?? bySubject.size + 1;
    bySubject.set(subject, number);
    byToken.set(authorization, number);
    return number;
  };
}

function subjectOf(authorization: string): string {
  const payload = authorization.split(".")[1] ?? "";
  try {
    const bytes = decodeBase64(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    if (typeof sub === "string") return sub;
  } catch {
    // Not a JWT.
  }
  return authorization;
}
