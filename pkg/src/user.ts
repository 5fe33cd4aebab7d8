/**
 * Who is calling: limits are kept, and answers remembered, for each user.
 *
 * The token is not verified, only told apart from others: the server judges it. Its subject is what stays
 * the same when it is refreshed; a token that is no JWT stands for itself.
 */

import { decodeBase64 } from "./environment.js";

/** Refreshed tokens add up slowly; a server that guards many users' calls starts over now and then. */
const MOST_TOKENS = 10_000;

export interface User {
  /** The core's number; 0 is nobody known. */
  readonly number: number;
  /** The token's subject, or the whole `Authorization` where it has none; empty for nobody known. */
  readonly subject: string;
}

export const NOBODY: User = Object.freeze({ number: 0, subject: "" });

/** The user behind a request's `Authorization`. */
export interface Users {
  (authorization: string | null): User;
  /** The subject of the user with this number; empty for nobody known. */
  subject(number: number): string;
}

export function createUsers(): Users {
  const byToken = new Map<string, User>();
  const bySubject = new Map<string, User>();
  const userOf = (authorization: string | null): User => {
    if (authorization === null) return NOBODY;
    const known = byToken.get(authorization);
    if (known !== undefined) return known;
    if (byToken.size >= MOST_TOKENS) byToken.clear();
    const subject = subjectOf(authorization);
    const user = bySubject.get(subject) ?? { number: bySubject.size + 1, subject };
    bySubject.set(subject, user);
    byToken.set(authorization, user);
    return user;
  };
  const subject = (number: number): string => [...bySubject.values()].find((user) => user.number === number)?.subject ?? "";
  return Object.assign(userOf, { subject });
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
