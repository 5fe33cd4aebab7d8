/**
 * One clock out of two: it never runs backwards, and it notices that a laptop slept.
 *
 * `performance.now()` may stand still while a machine is suspended; the wall clock does not, but can be
 * set to anything. So time is monotonic time, plus what the wall clock gained on it in one jump: a wall
 * clock set back, or drifting, changes nothing.
 */

import type { Environment } from "./environment.js";

/** A jump of the wall clock shorter than this is drift or a correction, not a sleep. */
const SHORTEST_SLEEP = 30_000;
/** A longer one is a clock that was wrong before: believing it adds nothing. */
const LONGEST_SLEEP = 7 * 24 * 3_600_000;

export interface Clock {
  /** Milliseconds since some origin, never less than before. */
  now(): number;
  /** Milliseconds since 1970, as the wall clock has it. */
  wall(): number;
}

export function createClock(environment: Pick<Environment, "monotonicNow" | "wallNow">): Clock {
  let latest = environment.monotonicNow();
  let gap = environment.wallNow() - latest;
  let slept = 0;
  return {
    now() {
      const monotonic = environment.monotonicNow();
      const newGap = environment.wallNow() - monotonic;
      const jump = newGap - gap;
      gap = newGap;
      if (jump >= SHORTEST_SLEEP && jump <= LONGEST_SLEEP) slept += jump;
      latest = Math.max(latest, monotonic + slept);
      return latest;
    },
    wall: () => environment.wallNow(),
  };
}
