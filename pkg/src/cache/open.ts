/** Puts the cache together. */

import type { OpenCache } from "../cache.js";
import type { StageParts } from "../stages.js";
import type { StoreModule } from "../storage.js";
import { createDisk, type Disk } from "./disk.js";
import { createFill } from "./fill.js";
import { CHANNEL, createInvalidation, meant } from "./invalidation.js";
import { createMemory } from "./memory.js";
import { createQuestions } from "./question.js";
import { relations } from "./relations.js";
import { Kind } from "./rules.js";
import { createCacheStage } from "./stage.js";

export function openCache(parts: StageParts, { Cache, CacheDisk }: Pick<StoreModule, "Cache" | "CacheDisk">): OpenCache {
  const { settings, options, clock, timers, emitter, environment } = parts;
  const rules = new Cache();
  for (const [name, table] of relations(options.cache, "reads")) rules.relateRead(name, table);
  for (const [name, table] of relations(options.cache, "writes")) rules.relateWrite(name, table);

  const tellRefusal = (reason: string): void => {
    emitter.emit({ type: "storage", state: "memory", reason: `cache: ${reason}`, at: clock.wall() });
  };
  const limits = { entries: settings.number("cache.maxEntries"), bytes: settings.number("cache.maxBytes") };
  const inMemory = options.storage === "memory";
  const disk = inMemory ? NO_DISK : createDisk({ CacheDisk, clock, timers, limits, onRefusal: tellRefusal });
  const memory = createMemory(rules, () => ({
    entries: settings.number("cache.memoryEntries"),
    bytes: settings.number("cache.memoryBytes"),
  }));
  const invalidation = createInvalidation(memory, disk, inMemory ? undefined : environment.channel(CHANNEL));
  const questions = createQuestions(rules);
  const largest = (): number => settings.number("cache.maxEntryBytes");
  const fill = createFill({ rules, memory, disk, largest, wall: () => clock.wall() });
  const counts = { fresh: 0, stale: 0, revalidated: 0, miss: 0 };
  emitter.on("cache", ({ result }) => (counts[result] += 1));

  return {
    stage: createCacheStage({ ...parts, rules, memory, disk, questions, invalidation, fill }),
    invalidate: async (target) => invalidation.forget(...meant(target, questions.user)),
    async clear() {
      await invalidation.forget(Kind.Everything, "");
    },
    async entries() {
      const lines = (await disk.lines()) ?? memory.entries();
      return lines.map(({ key, path, user, tables, tags, status, size, stored }) => {
        return { key, path, user, tables, tags, status, size, stored };
      });
    },
    figures() {
      const { fresh: hits, stale, revalidated, miss: misses } = counts;
      const held = disk.totals();
      const { entries, bytes } = held ?? { entries: memory.entries().length, bytes: memory.bytes };
      return { hits, stale, revalidated, misses, entries, bytes, place: held ? "indexeddb" : "memory" };
    },
    close() {
      invalidation.close();
      disk.close();
    },
  };
}

/** For whoever wants nothing to outlive the page. */
const NO_DISK: Disk = {
  read: async () => ({ entry: undefined, count: undefined }),
  write: async () => {},
  forget: async () => undefined,
  lines: async () => undefined,
  touch: () => {},
  totals: () => undefined,
  close: () => {},
};
