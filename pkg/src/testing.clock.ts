/** Time that moves because a test says so: both clocks and every timer of a guard. */

import type { Environment } from "./environment.js";

/**
 * The part of a guard's environment that is time.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 * import { type ClockEnvironment, createTestClock } from "seawall/testing";
 *
 * const time: ClockEnvironment = createTestClock().environment;
 * const guard = createGuard({}, { ...time, random: () => 0.5 });
 * ```
 */
export type ClockEnvironment = Pick<
  Environment,
  "monotonicNow" | "wallNow" | "startTimer" | "stopTimer" | "holdProcess" | "onWake"
>;

/**
 * A clock in a test's hands.
 *
 * @example
 * ```ts
 * import type { TestClock } from "seawall/testing";
 *
 * async function nextMorning(clock: TestClock) {
 *   await clock.sleep(8 * 3_600_000);
 * }
 * ```
 */
export interface TestClock {
  /** Goes into a guard's environment. */
  readonly environment: ClockEnvironment;
  /** Moves both clocks, and fires what comes due on the way, in order. A limit of 500 ms has passed at 501. */
  advance(millis: number): Promise<void>;
  /** Sets the wall clock alone, as a person or a time server does. */
  setWall(wall: number): void;
  /** Lets a laptop sleep: the wall clock goes on, everything else stands still; then it wakes. */
  sleep(millis: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Any instant that is plainly made up. */
const START = { monotonic: 1_000, wall: 1_700_000_000_000 };

/**
 * Makes a clock that stands still until a test moves it.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 * import { createTestClock } from "seawall/testing";
 *
 * const clock = createTestClock();
 * const guard = createGuard({}, clock.environment);
 * await clock.advance(30_000);
 * ```
 */
export function createTestClock(): TestClock {
  let { monotonic, wall } = START;
  const timers = new Set<Timer>();
  const waking = new Set<() => void>();

  function moveTo(instant: number): void {
    const step = Math.max(0, instant - monotonic);
    wall += step;
    monotonic += step;
  }

  return {
    environment: {
      monotonicNow: () => monotonic,
      wallNow: () => wall,
      startTimer(callback, delay) {
        const timer = { at: monotonic + Math.max(0, delay), callback };
        timers.add(timer);
        return timer;
      },
      stopTimer: (timer) => void timers.delete(timer as Timer),
      holdProcess: () => {},
      onWake(listener) {
        waking.add(listener);
        return () => waking.delete(listener);
      },
    },
    async advance(millis) {
      const until = monotonic + millis;
      await settled();
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)[0];
        if (!due) break;
        timers.delete(due);
        moveTo(due.at);
        due.callback();
        await settled();
      }
      moveTo(until);
      await settled();
    },
    setWall(next) {
      wall = next;
    },
    async sleep(millis) {
      wall += millis;
      for (const listener of [...waking]) listener();
      await settled();
    },
  };
}

/**
 * Lets every promise that can go on do so.
 *
 * @example
 * ```ts
 * import { settled } from "seawall/testing";
 *
 * let answered = false;
 * void guard.fetch(`${url}/rest/v1/rooms`).then(() => (answered = true));
 * await settled();
 * show(answered);
 * ```
 */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>(nextTask);
}

function nextTask(resolve: () => void): void {
  if (typeof setImmediate === "function") setImmediate(resolve);
  else setTimeout(resolve, 0);
}
