/**
 * The cache as the guard sees it: a stage, a handle, figures. All else loads when it is asked for, by an option or by
 * the first use of the handle.
 */

import { opened } from "./opened.js";
import { lazyStage, type Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import { loadStore } from "./store.js";

/**
 * What is to be thrown away: one of them.
 *
 * @example
 * ```ts
 * import { createGuard, type CacheTarget } from "seawall";
 * 
 * const guard = createGuard({ cache: true });
 * const target: CacheTarget = { pattern: "/rest/v1/messages?*room=eq.5*" };
 * await guard.cache.invalidate(target);
 * ```
 */
export interface CacheTarget {
  /** One answer, by its key in {@link CacheAccess.entries} or in a `cache` event. */
  readonly key?: string;
  /** Every answer that depends on the table: read from it, or embedding it. */
  readonly table?: string;
  /** Every answer whose caller gave it the tag. */
  readonly tag?: string;
  /** Every answer whose path and query look like this; `*` stands for anything: `/rest/v1/messages?*room=eq.5*`. */
  readonly pattern?: string;
  /** Every answer kept for the user with this subject. */
  readonly user?: string;
}

/**
 * An answer that is kept.
 *
 * @example
 * ```ts
 * import { createGuard, type CacheEntry } from "seawall";
 * 
 * const guard = createGuard({ cache: true });
 * const kept: CacheEntry[] = await guard.cache.entries();
 * console.log(kept.map(({ path, size }) => `${path} ${size}`));
 * ```
 */
export interface CacheEntry {
  readonly key: string;
  /** Path and query of its request. */
  readonly path: string;
  /** Whom it is kept for: a digest. */
  readonly user: string;
  readonly tables: readonly string[];
  readonly tags: readonly string[];
  readonly status: number;
  readonly size: number;
  /** Wall-clock milliseconds. */
  readonly stored: number;
}

/**
 * `guard.cache`.
 *
 * @example
 * ```ts
 * import { createGuard, type CacheAccess } from "seawall";
 * 
 * const cache: CacheAccess = createGuard({ cache: true }).cache;
 * await cache.invalidate({ table: "messages" });
 * await cache.clear();
 * ```
 */
export interface CacheAccess {
  /** Throws answers away, here, on disk and in other tabs; tells how many. */
  invalidate(target: CacheTarget): Promise<number>;
  /** Throws all of them away. */
  clear(): Promise<void>;
  /** What is kept, without the bodies. */
  entries(): Promise<CacheEntry[]>;
}

/**
 * How the cache did since the guard was made.
 *
 * @example
 * ```ts
 * import { type CacheFigures, createGuard } from "seawall";
 * 
 * const figures: CacheFigures | null = createGuard({ cache: true }).snapshot().cache;
 * console.log(figures?.hits, figures?.misses);
 * ```
 */
export interface CacheFigures {
  /** Reads answered by what was fresh. */
  readonly hits: number;
  /** Reads answered by what was stale, or by the last known answer. */
  readonly stale: number;
  /** Reads that the server said are unchanged. */
  readonly revalidated: number;
  /** Reads that went to the server for an answer. */
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
  /** Where answers are kept. */
  readonly place: "indexeddb" | "memory";
}

/** The cache itself, once it is loaded. */
export interface OpenCache extends CacheAccess {
  readonly stage: Stage;
  figures(): CacheFigures;
  close(): void;
}

export interface GuardCache {
  readonly stage: Stage;
  readonly access: CacheAccess;
  /** Null until something was cached. */
  figures(): CacheFigures | null;
}

export function createCache(parts: StageParts): GuardCache {
  const { settings, environment, identities, onClose } = parts;
  let open: OpenCache | undefined;
  let closed = false;
  const load = async (): Promise<OpenCache> => {
    const [{ openCache }, store] = await Promise.all([import("./entries/cache.js"), loadStore()]);
    open ??= openCache(parts, store);
    if (closed) open.close();
    return open;
  };
  const isOn = (): boolean => settings.given("cache.enabled");
  const inBackground = (use: (cache: OpenCache) => unknown): void => {
    if (isOn()) environment.later(() => void load().then(use).catch(environment.report));
  };
  onClose(() => {
    closed = true;
    open?.close();
  });
  // Loaded before the first call waits for it, and while there is a network to load it by.
  inBackground(() => {});
  identities.onSignOut(({ subject }) => inBackground((cache) => cache.invalidate({ user: subject })));
  return {
    stage: lazyStage(({ route }) => route.service !== "auth" && isOn(), async () => (await load()).stage, parts),
    access: {
      invalidate: opened(load, "invalidate"),
      clear: opened(load, "clear"),
      entries: opened(load, "entries"),
    },
    figures: () => open?.figures() ?? null,
  };
}
