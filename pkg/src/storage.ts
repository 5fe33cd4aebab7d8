/** The second WebAssembly module: what localStorage holds of the breakers, decoded into plain objects. */

import wasm from "../generated/store/store_bg.wasm";
import { Cache, CacheDisk, initSync, refresh_pause, refresh_pause_left, stored_breakers } from "../generated/store/store.js";

import { bytesOf, MODULE_SHIFT } from "./environment.js";
import type { OfflineParts } from "./offline.js";
import { openOffline, type Outstanding } from "./offline/open.js";
import { runQuery } from "./queries.run.js";
import { shapes, type Shapes } from "./shapes.js";
import type { CircuitState } from "./vocabulary.js";

/** One breaker as an earlier moment of this origin's pages left it. */
export interface StoredBreaker {
  readonly key: string;
  /** What a page that starts now would begin with. */
  readonly state: CircuitState;
  /** Wall-clock milliseconds at which it was stored. */
  readonly savedAt: number;
  /** Milliseconds until an open circuit lets a probe through; null when it is not open. */
  readonly nextProbeIn: number | null;
  /** Recent failures that still count. */
  readonly recentFailures: number;
  /** Why it would be discarded; null when it is good. */
  readonly problem: string | null;
}

export interface StoreModule {
  /** Reads and decodes what is stored under `key`; nothing where there is no storage. */
  storedBreakers(key: string, wall: number): StoredBreaker[];
  /** Opens the outbox for a guard. */
  offline(parts: OfflineParts): Promise<Outstanding>;
  /** The cache's rules. */
  readonly Cache: typeof Cache;
  /** The cache's entries in IndexedDB. */
  readonly CacheDisk: typeof CacheDisk;
  readonly shapes: Shapes;
  readonly runQuery: typeof runQuery;
  /** Milliseconds left of a pause between refreshes of the session, read from its text; 0 if there is none. */
  refreshPauseLeft(text: string, wall: number): number;
  /** The pause after a refused refresh, as text. */
  refreshPause(refusal: RefreshRefusal): string;
}

export interface RefreshRefusal {
  /** The pause before it, as text. */
  readonly previous: string;
  /** Its `Retry-After`. */
  readonly asked: string;
  readonly first: number;
  readonly most: number;
  readonly wall: number;
  readonly random: number;
}

export function open(): StoreModule {
  initSync({ module: bytesOf(wasm, MODULE_SHIFT) });
  return {
    storedBreakers: (key, wall) => stored_breakers(key, wall) as StoredBreaker[],
    shapes,
    runQuery,
    refreshPauseLeft: refresh_pause_left,
    refreshPause: ({ previous, asked, first, most, wall, random }) => refresh_pause(previous, asked, first, most, wall, random),
    offline: openOffline,
    Cache,
    CacheDisk,
  };
}
