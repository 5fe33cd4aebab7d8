/** Throwing answers away: in memory at once, then on disk, then in other tabs. */

import type { CacheTarget } from "../cache.js";
import type { Channel } from "../environment.js";
import { OptionError } from "../errors.js";
import type { Disk } from "./disk.js";
import type { Memory } from "./memory.js";
import { Kind } from "./rules.js";

/** The line on which tabs hear of each other's invalidations. */
export const CHANNEL = "seawall:cache";

export interface Invalidation {
  /** Ends what is meant; tells how many entries there were. */
  forget(kind: Kind, name: string): Promise<number>;
  close(): void;
}

export function createInvalidation(memory: Memory, disk: Disk, channel: Channel | undefined): Invalidation {
  let isClosed = false;
  channel?.listen((message) => {
    const { kind, name } = (message ?? {}) as { kind?: unknown; name?: unknown };
    if (typeof kind === "number" && typeof name === "string") memory.forget(kind, name);
  });
  return {
    async forget(kind, name) {
      const here = memory.forget(kind, name);
      const there = await disk.forget(kind, name);
      // Told when the disk has forgotten too: what another tab reads from now on is what is left.
      if (!isClosed) channel?.post({ kind, name });
      return Math.max(here, there ?? 0);
    },
    close() {
      isClosed = true;
      channel?.close();
    },
  };
}

/** What a target means, in the core's words. */
export function meant(target: CacheTarget, user: (subject: string) => string): [Kind, string] {
  const { key, table, tag, pattern, user: subject } = target;
  if (key !== undefined) return [Kind.Key, key];
  if (table !== undefined) return [Kind.Table, table];
  if (tag !== undefined) return [Kind.Tag, tag];
  if (pattern !== undefined) return [Kind.Pattern, pattern];
  if (subject !== undefined) return [Kind.User, user(subject)];
  throw new OptionError("target", "an invalidation names a key, a table, a tag, a pattern or a user");
}
