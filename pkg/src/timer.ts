/**
 * Many deadlines, one timer.
 *
 * Every guarded call has a deadline and nearly none comes due. A `setTimeout` for each, or an
 * `AbortSignal.any` per call, costs more than the rest of the guard together; an entry in a list costs
 * nothing until the one running timer reaches it.
 */

import type { Clock } from "./clock.js";
import type { Environment, TimerHandle } from "./environment.js";

/** One deadline. */
export interface Alarm {
  /** When it is due, by the guard's clock. */
  at: number;
  /** Whether somebody waits for it. */
  readonly held: boolean;
  /** Its place in the list; negative when it is in none. A list that is filled from its own end costs no memory. */
  place: number;
  ring(): void;
}

export interface Timers {
  /**
   * Calls back once at `at` or as soon after as the runtime manages. Somebody waits for a `held` alarm; a
   * process may end before any other.
   */
  arm(at: number, callback: () => void, held?: boolean): Alarm;
  /** Arms one that is in no list, for who makes its own: one object less. */
  add(alarm: Alarm, at: number): void;
  disarm(alarm: Alarm | undefined): void;
  /** Looks at the clock now: a timer that a sleeping machine stopped knows nothing of the time that passed. */
  look(): void;
  /** Disarms everything and stops. */
  close(): void;
}

/** The place of one that is due, and rings next if nobody disarms it. */
const DUE = -2;

/** A browser's timer is a signed 32-bit number of milliseconds; a longer one fires at once. */
const LONGEST_DELAY = 0x7fff_ffff;

export function createTimers(environment: Environment, clock: Clock): Timers {
  const armed: Alarm[] = [];
  let held = 0;
  /** Whether the process waits for the timer that runs, and whether it is about to be let go. */
  let holding = false;
  let letting = false;
  let running: { readonly handle: TimerHandle; readonly at: number } | undefined;

  function start(at: number, now: number): void {
    if (running) environment.stopTimer(running.handle);
    const delay = Math.min(Math.max(0, Math.ceil(at - now)), LONGEST_DELAY);
    const handle = environment.startTimer(fire, delay);
    running = { handle, at };
    holding = held > 0;
    if (!holding) environment.holdProcess(handle, false);
  }

  function letGo(): void {
    letting = false;
    if (!running || held > 0) return;
    holding = false;
    environment.holdProcess(running.handle, false);
  }

  function add(alarm: Alarm, at: number): void {
    alarm.at = at;
    alarm.place = armed.push(alarm) - 1;
    if (alarm.held) held += 1;
    if (!running || at < running.at) start(at, clock.now());
    else if (alarm.held && !holding) {
      holding = true;
      environment.holdProcess(running.handle, true);
    }
  }

  function remove(entry: Alarm): boolean {
    const place = entry.place;
    entry.place = -1;
    if (place < 0) return false;
    const last = armed.pop() as Alarm;
    if (last !== entry) {
      armed[place] = last;
      last.place = place;
    }
    if (entry.held) held -= 1;
    return true;
  }

  function fire(): void {
    running = undefined;
    const now = clock.now();
    const due: Alarm[] = [];
    let next = Infinity;
    for (const entry of armed) {
      if (entry.at <= now) due.push(entry);
      else next = Math.min(next, entry.at);
    }
    for (const entry of due) {
      remove(entry);
      entry.place = DUE;
    }
    if (next < Infinity) start(next, now);
    // One may disarm another, or arm it anew.
    for (const entry of due) {
      if (entry.place !== DUE) continue;
      entry.place = -1;
      entry.ring();
    }
  }

  return {
    add,
    arm(at, callback, hold = true) {
      const alarm = { at, held: hold, place: -1, ring: callback };
      add(alarm, at);
      return alarm;
    },
    disarm(alarm) {
      // Stopping and starting a timer for every call is what this file avoids: it is left to run out. Nor is the process
      // let go at once where that does something: calls follow each other.
      if (!alarm || !remove(alarm) || held > 0 || letting || !running) return;
      letting = typeof running.handle === "object";
      if (letting) environment.startTimer(letGo, 0);
      else letGo();
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
