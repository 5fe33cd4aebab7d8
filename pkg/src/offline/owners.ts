/** Whose writes they are: users as the outbox remembers them, and those of them who could send now. */

import { outboxOwner } from "../../generated/store/store.js";
import { credentialsOf, present } from "../credentials.js";
import type { OfflineParts } from "../offline.js";
import type { User } from "../user.js";
import { offlinePage } from "./page.js";

/** A client that never tells its token must not stop the replay of everybody else's writes. */
const LONGEST_WAIT = 10_000;

/** Headers that say who sends. */
export type Credentials = Record<string, string>;

export interface Owners {
  /** What stands for a user in storage: a digest, and nothing for nobody in particular. */
  of(user: User): string;
  /** Those who could send now. */
  present(): Promise<string[]>;
  /** What a request of theirs carries; undefined where it cannot be had in time. */
  credentials(owner: string): Promise<Credentials | undefined>;
  /** The server knows these credentials no longer: their owner is away until there are others. */
  reject(owner: string, credentials: Credentials): void;
}

export function createOwners(parts: OfflineParts): Owners {
  const { identities, timers, clock } = parts;
  const { token } = offlinePage(parts.options.offline);
  const names = new Map<User, string>();
  const users = new Map<string, User>();
  const rejected = new Map<string, string | undefined>();

  function of(user: User): string {
    const name = names.get(user) ?? outboxOwner(user.subject);
    names.set(user, name);
    return name;
  }

  async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
    let alarm;
    const limit = new Promise<undefined>((resolve) => {
      alarm = timers.arm(clock.now() + LONGEST_WAIT, () => resolve(undefined), false);
    });
    try {
      return await Promise.race([work, limit]);
    } catch {
      return undefined;
    } finally {
      timers.disarm(alarm);
    }
  }

  async function credentials(owner: string): Promise<Credentials | undefined> {
    if (owner === "") return {};
    const user = users.get(owner);
    return user && inTime(credentialsOf(identities, user));
  }

  async function isBack(owner: string): Promise<boolean> {
    const found = await credentials(owner);
    if (found === undefined || found.authorization === rejected.get(owner)) return false;
    rejected.delete(owner);
    return true;
  }

  return {
    of,
    async present() {
      const given = token && (await inTime(Promise.resolve(token())));
      if (given) identities.behind(`Bearer ${given}`);
      const here = ["", ...present(identities).map((user) => {
        users.set(of(user), user);
        return of(user);
      })];
      const back = await Promise.all(here.map((owner) => !rejected.has(owner) || isBack(owner)));
      return here.filter((_, place) => back[place]);
    },
    credentials,
    reject: (owner, refused) => void rejected.set(owner, refused.authorization),
  };
}
