/** Time that moves because the test says so. */

import type { Environment, TextStorage } from "seawall";

export interface World extends Pick<Environment, "monotonicNow" | "wallNow" | "startTimer" | "stopTimer" | "holdProcess" | "random" | "storage"> {
  /** Moves both clocks and fires what comes due on the way. */
  advance(millis: number): Promise<void>;
  /** Sets the wall clock alone, as a person does. */
  setWall(wall: number): void;
  readonly kept: Map<string, string>;
}

interface Timer {
  at: number;
  callback: () => void;
}

export function createWorld(kept = new Map<string, string>()): World {
  let monotonic = 1_000;
  let wall = 1_700_000_000_000;
  const timers = new Set<Timer>();
  const storage: TextStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };

  async function advance(millis: number): Promise<void> {
    const until = monotonic + millis;
    for (;;) {
      const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      timers.delete(due);
      wall += Math.max(0, due.at - monotonic);
      monotonic = Math.max(monotonic, due.at);
      due.callback();
      await settled();
    }
    wall += until - monotonic;
    monotonic = until;
    await settled();
  }

  return {
    kept,
    advance,
    setWall: (next) => {
      wall = next;
    },
    monotonicNow: () => monotonic,
    wallNow: () => wall,
    startTimer: (callback, delay) => {
      const timer = { at: monotonic + delay, callback };
      timers.add(timer);
      return timer;
    },
    stopTimer: (timer) => void timers.delete(timer as Timer),
    holdProcess: () => {},
    random: () => 0.5,
    storage: () => storage,
  };
}

/** Lets every promise that can go on do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
