/**
 * Many deadlines, one timer.
 *
 * Every guarded call has a deadline and nearly none comes due. A `setTimeout` for each, or an
 * `AbortSignal.any` per call, costs more than the rest of the guard together; an entry in a list costs
 * nothing until the one running timer reaches it.
 */

import type { Clock } from "./clock.js";
import type { Environment, TimerHandle } from "./environment.js";

/** One armed deadline. */
export interface Alarm {
  /** When it is due, by the guard's clock. */
  readonly at: number;
}

export interface Timers {
  /**
   * Calls back once at `at` or as soon after as the runtime manages. Somebody waits for a `held` alarm; a
   * process may end before any other.
   */
  arm(at: number, callback: () => void, held?: boolean): Alarm;
  disarm(alarm: Alarm | undefined): void;
  /** Looks at the clock now: a timer that a sleeping machine stopped knows nothing of the time that passed. */
  look(): void;
  /** Disarms everything and stops. */
  close(): void;
}

interface Entry extends Alarm {
  readonly callback: () => void;
  readonly held: boolean;
  /** Its place in the list; -1 when it is in none. A list that is filled from its own end costs no memory. */
  place: number;
}

/** A browser's timer is a signed 32-bit number of milliseconds; a longer one fires at once. */
const LONGEST_DELAY = 0x7fff_ffff;

export function createTimers(environment: Environment, clock: Clock): Timers {
  const armed: Entry[] = [];
  let held = 0;
  let running: { readonly handle: TimerHandle; readonly at: number } | undefined;

  function start(at: number, now: number): void {
    if (running) environment.stopTimer(running.handle);
    const delay = Math.min(Math.max(0, Math.ceil(at - now)), LONGEST_DELAY);
    const handle = environment.startTimer(fire, delay);
    running = { handle, at };
    if (held === 0) environment.holdProcess(handle, false);
  }

  function remove(entry: Entry): boolean {
    if (entry.place < 0) return false;
    const last = armed.pop() as Entry;
    if (last !== entry) {
      armed[entry.place] = last;
      last.place = entry.place;
    }
    entry.place = -1;
    if (entry.held) held -= 1;
    return true;
  }

  function fire(): void {
    running = undefined;
    const now = clock.now();
    const due: Entry[] = [];
    let next = Infinity;
    for (const entry of armed) {
      if (entry.at <= now) due.push(entry);
      else next = Math.min(next, entry.at);
    }
    for (const entry of due) remove(entry);
    if (next < Infinity) start(next, now);
    for (const entry of due) entry.callback();
  }

  return {
    arm(at, callback, hold = true) {
      const entry: Entry = { at, callback, held: hold, place: armed.length };
      armed.push(entry);
      if (hold) held += 1;
      if (!running || at < running.at) start(at, clock.now());
      else if (hold && held === 1) environment.holdProcess(running.handle, true);
      return entry;
    },
    disarm(alarm) {
      if (!alarm || !remove(alarm as Entry) || held > 0 || !running) return;
      // Stopping and starting a timer for every call is what this file avoids: it is left to run out.
      environment.holdProcess(running.handle, false);
    },
    look() {
      if (!running) return;
      environment.stopTimer(running.handle);
      fire();
    },
    close() {
      for (const entry of armed.splice(0)) entry.place = -1;
      held = 0;
      if (running) environment.stopTimer(running.handle);
      running = undefined;
    },
  };
}
