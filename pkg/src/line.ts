/** Calls that wait for their turn or for a place among those under way, and are woken before their time is over. */

import type { Clock } from "./clock.js";
import type { Core } from "./core.js";

export interface Line {
  wait(call: number, wake: () => void): void;
  leave(call: number): void;
  /** A place may have become free: wakes those it belongs to. */
  call(): void;
  /** A limit may have more to give: wakes everybody, and who has no turn yet sleeps on. */
  callAll(): void;
  /** How many there are. */
  readonly length: number;
}

/** The core's number of no call. */
const NOBODY = 0xffff_ffff;

export function createLine(core: Core, clock: Clock): Line {
  const waiting = new Map<number, () => void>();
  return {
    wait: (call, wake) => void waiting.set(call, wake),
    leave: (call) => void waiting.delete(call),
    call() {
      if (waiting.size === 0) return;
      const now = clock.now();
      const ready = (): number => core.call.ready(core.guard, now) >>> 0;
      for (let next = ready(); next !== NOBODY; next = ready()) waiting.get(next)?.();
    },
    callAll() {
      for (const wake of [...waiting.values()]) wake();
    },
    get length() {
      return waiting.size;
    },
  };
}
