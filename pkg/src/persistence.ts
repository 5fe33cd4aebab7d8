/**
 * State that outlives the page: the breakers', and what of the limits is used.
 *
 * It is read once, before the first call, and written when it changes: a circuit's change at once, counts a
 * moment later, and whatever is left when the page hides. The text is the core's: versioned, expiring,
 * checked and clamped there. Where there is no storage, or it refuses, memory is all there is.
 */

import type { Environment, TextStorage } from "./environment.js";
import type { Alarm, Timers } from "./timer.js";

/** What is kept in localStorage, each under its own key; the values tell their own versions. */
export type Kept = "breakers" | "limits" | "tabs";

/** The key in localStorage: guards of the same name share it. */
export function storageKey(name: string | undefined, kept: Kept): string {
  return name === undefined ? `seawall:${kept}` : `seawall:${name}:${kept}`;
}

/** Counts are worth a write now and then, not one per call. */
const WRITE_DELAY = 1_000;

export interface Persistence {
  readonly place: "local" | "memory";
  /** What an earlier page left, if anything. */
  read(): string | undefined;
  /** The state has changed: `now` when a circuit did, later when only counts did. */
  changed(when: "now" | "later"): void;
  /** Forgets what was read: it was no good. */
  discard(): void;
  close(): void;
}

export interface PersistenceParts {
  readonly environment: Environment;
  readonly timers: Timers;
  readonly now: () => number;
  /** The state as text. */
  readonly text: () => string;
  /** Storage stopped working; the guard goes on without. */
  readonly onRefusal: (reason: string) => void;
}

export function createPersistence(wanted: "auto" | "memory", key: string, parts: PersistenceParts): Persistence {
  const { environment, timers, now, text, onRefusal } = parts;
  let storage: TextStorage | undefined = wanted === "auto" ? environment.storage() : undefined;
  let pending: Alarm | undefined;
  let written: string | undefined;

  function attempt<T>(use: (storage: TextStorage) => T): T | undefined {
    if (!storage) return undefined;
    try {
      return use(storage);
    } catch (error) {
      storage = undefined;
      onRefusal(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return undefined;
    }
  }

  function write(): void {
    timers.disarm(pending);
    pending = undefined;
    if (!storage) return;
    const next = text();
    // Whoever keeps nothing leaves what others keep.
    if (next !== "" && next !== written) attempt((place) => place.setItem(key, next));
    written = next;
  }

  const stopListening = environment.onHide(() => {
    if (pending) write();
  });

  return {
    get place() {
      return storage ? "local" : "memory";
    },
    read: () => attempt((place) => place.getItem(key)) ?? undefined,
    changed(when) {
      if (!storage) return;
      if (when === "now") write();
      else pending ??= timers.arm(now() + WRITE_DELAY, write, false);
    },
    discard: () => attempt((place) => place.removeItem(key)),
    close() {
      if (pending) write();
      stopListening();
      storage = undefined;
    },
  };
}
