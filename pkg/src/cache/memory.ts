/** Entries in this page's memory, least recently used first out. */

import type { Entry } from "./entry.js";
import { Kind, type Rules } from "./rules.js";

/** An entry in memory, and when it was asked for. */
export interface Held {
  readonly entry: Entry;
  readonly slots: Uint16Array;
  /** The count of invalidations when it was asked for, in this page. */
  since: number;
}

export interface MemoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

export interface Memory {
  /** The entry, unless something ended it. */
  get(key: string): Held | undefined;
  /** Keeps it, unless something ended it since it was asked for, or a newer one is there; tells whether it did. */
  put(held: Held): boolean;
  /** Ends what is meant; tells how many there were. */
  forget(kind: Kind, name: string): number;
  entries(): Entry[];
  readonly bytes: number;
}

export function createMemory(rules: Rules, limits: () => MemoryLimits): Memory {
  // A Map keeps the order in which its entries were put: the first is the one that was used longest ago.
  const kept = new Map<string, Held>();
  let bytes = 0;

  const isTrue = ({ since, slots }: Held): boolean => rules.allows(since, slots);

  function drop(key: string): boolean {
    const held = kept.get(key);
    if (!held) return false;
    kept.delete(key);
    bytes -= held.entry.size;
    return true;
  }

  function evict(): void {
    const most = limits();
    const [entries = 0, tooMany = 0] = rules.excess(kept.size, bytes, most.entries, most.bytes);
    const goal = { entries: kept.size - entries, bytes: bytes - tooMany };
    for (const key of kept.keys()) {
      if (kept.size <= goal.entries && bytes <= goal.bytes) return;
      drop(key);
    }
  }

  return {
    get(key) {
      const held = kept.get(key);
      if (!held) return undefined;
      kept.delete(key);
      if (isTrue(held)) {
        kept.set(key, held);
        return held;
      }
      bytes -= held.entry.size;
      return undefined;
    },
    put(held) {
      const { entry } = held;
      const before = kept.get(entry.key);
      if (!isTrue(held) || (before && isTrue(before) && before.entry.stored > entry.stored)) return false;
      drop(entry.key);
      kept.set(entry.key, held);
      bytes += entry.size;
      evict();
      return true;
    },
    forget(kind, name) {
      const before = [...kept.values()].filter(isTrue);
      rules.forget(kind, name);
      // A pattern marks everything, for what is still on its way; of what is here only what looks like it goes.
      if (kind === Kind.Pattern) {
        for (const held of before) if (!rules.isLike(name, held.entry.path)) held.since = rules.count();
      }
      for (const [key, held] of kept) if (!isTrue(held)) drop(key);
      return before.length - kept.size;
    },
    entries: () => [...kept.values()].filter(isTrue).map(({ entry }) => entry),
    get bytes() {
      return bytes;
    },
  };
}
