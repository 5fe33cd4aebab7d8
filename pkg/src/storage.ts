/** The second WebAssembly module, and what works with it. */

import wasm from "../generated/store/store_bg.wasm";
import { Cache, initSync, refresh_pause, refresh_pause_left } from "../generated/store/store.js";

import { CacheDisk } from "./cache/entries.js";
import { bytesOf, MODULE_SHIFT } from "./environment.js";
import type { OfflineParts } from "./offline.js";
import { openOffline, type Outstanding } from "./offline/open.js";

export interface StoreModule {
  /** Opens the outbox for a guard. */
  offline(parts: OfflineParts): Promise<Outstanding>;
  /** The cache's rules. */
  readonly Cache: typeof Cache;
  /** The cache's entries in IndexedDB. */
  readonly CacheDisk: typeof CacheDisk;
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
    refreshPauseLeft: refresh_pause_left,
    refreshPause: ({ previous, asked, first, most, wall, random }) => refresh_pause(previous, asked, first, most, wall, random),
    offline: openOffline,
    Cache,
    CacheDisk,
  };
}
