/**
 * Who is calling: limits are kept, and answers remembered, for each user.
 *
 * The token is not verified, only told apart from others: the server judges it. Its subject is what stays
 * the same when it is refreshed; a token that is no JWT, or names nobody, stands for itself.
 */

import { decodeBase64 } from "./environment.js";

/** Refreshed tokens add up slowly; a server that guards many users' calls starts over now and then. */
const MOST_TOKENS = 10_000;

export interface User {
  /** The core's number, the same in every tab; 0 is nobody in particular. */
  readonly number: number;
  /**
   * The token's subject, or a digest where it names nobody; empty for nobody in particular. Safe to store: it is
   * never the token itself.
   */
  readonly subject: string;
  /** False when anybody may be calling: nothing is remembered for them, shared with them or joined with theirs. */
  readonly known: boolean;
}

/** A request that carries no credentials at all: everybody gets the same answer. */
export const NOBODY: User = Object.freeze({ number: 0, subject: "", known: true });

/** A request whose credentials are added where the guard cannot see them: cookies, a fetch of the application's own. */
export const UNKNOWN: User = Object.freeze({ number: 0, subject: "", known: false });

export interface Users {
  /** The user behind a request's `Authorization`. */
  behind(authorization: string): User;
  /** The user of this name. */
  named(subject: string): User;
  /** The subject of the user with this number; empty for nobody in particular. */
  subject(number: number): string;
  /** The `Authorization` that a user was last seen with. */
  lastSeen(user: User): string | undefined;
  /** Everybody whose `Authorization` was seen and not forgotten. */
  seen(): User[];
  /** Forgets the tokens of a user who has left. */
  forget(user: User): void;
}

export function createUsers(): Users {
  const byToken = new Map<string, User>();
  const bySubject = new Map<string, User>();
  const latest = new Map<User, string>();

  function startOver(): void {
    byToken.clear();
    bySubject.clear();
    latest.clear();
  }

  function named(subject: string): User {
    const kept = bySubject.get(subject);
    if (kept) return kept;
    if (bySubject.size >= MOST_TOKENS) startOver();
    const user = { number: hash(subject, 0x811c_9dc5) || 1, subject, known: true };
    bySubject.set(subject, user);
    return user;
  }

  return {
    behind(authorization) {
      const known = byToken.get(authorization);
      if (known !== undefined) return known;
      if (byToken.size >= MOST_TOKENS) startOver();
      const user = named(subjectOf(authorization));
      byToken.set(authorization, user);
      latest.set(user, authorization);
      return user;
    },
    named,
    subject: (number) => [...bySubject.values()].find((user) => user.number === number)?.subject ?? "",
    lastSeen: (user) => latest.get(user),
    seen: () => [...latest.keys()],
    forget(user) {
      for (const [token, owner] of byToken) if (owner === user) byToken.delete(token);
      latest.delete(user);
    },
  };
}

function subjectOf(authorization: string): string {
  const payload = authorization.split(".")[1] ?? "";
  try {
    const bytes = decodeBase64(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown };
    if (typeof sub === "string" && sub !== "") return sub;
  } catch {
    // Not a JWT.
  }
  return `key:${digest(authorization)}`;
}

/** Tells secrets apart without keeping them: two rounds of FNV-1a with different beginnings. */
export function digest(text: string): string {
  return hash(text, 0x811c_9dc5).toString(36) + hash(text, 0x2f0b_4a11).toString(36);
}

function hash(text: string, beginning: number): number {
  let hash = beginning;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash >>> 0;
}
