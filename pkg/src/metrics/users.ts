/**
 * Names for users that say nothing about them: the first half of SHA-256 over a salt and the token's subject.
 *
 * The salt is random, made once for this origin and kept in its storage: the same user has the same name from page
 * to page, another one on another origin, and nobody without the salt can tell which. Where there is no
 * cryptography (a page without TLS), there are no names.
 */

import type { Environment } from "../environment.js";
import { digest, randomName } from "./world.js";

const SALT_KEY = "seawall:metrics:salt";
const SALT = /^[0-9a-f]{32}$/;
const NAME_BYTES = 8;

export interface UserNames {
  /** The name, once it has been worked out. */
  known(user: number): string | undefined;
  /** Works out a name; settles when it is known, or cannot be. */
  learn(user: number): void;
  ready(): Promise<void>;
}

export function createUserNames(environment: Environment, subject: (user: number) => string): UserNames {
  const names = new Map<number, string | undefined>();
  let working: Promise<void> = Promise.resolve();
  let salt: string | undefined;

  async function nameOf(user: number): Promise<void> {
    salt ??= keptSalt(environment);
    const bytes = await digest(`${salt}:${subject(user)}`);
    if (bytes) names.set(user, [...bytes.subarray(0, NAME_BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  }

  return {
    known: (user) => names.get(user),
    learn(user) {
      if (user <= 0 || names.has(user)) return;
      names.set(user, undefined);
      const before = working;
      working = nameOf(user).then(() => before, () => before);
    },
    ready: () => working,
  };
}

function keptSalt(environment: Environment): string {
  const storage = environment.storage();
  try {
    const kept = storage?.getItem(SALT_KEY);
    if (kept && SALT.test(kept)) return kept;
    const made = randomName();
    storage?.setItem(SALT_KEY, made);
    return made;
  } catch {
    return randomName();
  }
}
