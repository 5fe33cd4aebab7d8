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
/** Monotonic time goes on after a sleep, so within a millisecond of it there was none: a look costs as much as a call's decision. */
const LOOK_AGAIN = 1;
/** A longer one is a clock that was wrong before: believing it adds nothing. */
const LONGEST_SLEEP = 7 * 24 * 3_600_000;

export interface Clock {
  /** Looks at the wall clock now: the machine may have slept. */
  look(): void;
  /** Milliseconds since some origin, never less than before. */
  now(): number;
  /** Milliseconds since 1970, as the wall clock has it. */
  wall(): number;
}

export function createClock(environment: Pick<Environment, "monotonicNow" | "wallNow">): Clock {
  let looked = environment.monotonicNow();
  let gap = environment.wallNow() - looked;
  // In an object, where a number changes in place: a variable's would be a new one in memory with each call.
  const seen = { latest: looked };
  let slept = 0;

  function lookAtWall(monotonic: number): void {
    looked = monotonic;
    const newGap = environment.wallNow() - monotonic;
    const jump = newGap - gap;
    gap = newGap;
    if (jump >= SHORTEST_SLEEP && jump <= LONGEST_SLEEP) slept += jump;
  }

  return {
    look: () => lookAtWall(environment.monotonicNow()),
    now() {
      const monotonic = environment.monotonicNow();
      if (monotonic - looked >= LOOK_AGAIN) lookAtWall(monotonic);
      const now = monotonic + slept;
      if (now > seen.latest) seen.latest = now;
      return seen.latest;
    },
    wall: () => environment.wallNow(),
  };
}
