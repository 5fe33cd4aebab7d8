/**
 * A guard as something React can watch: one value that is the same object until it changes.
 *
 * A page with a hundred calls a second must not render a hundred times a second, so changes are gathered; and an open
 * circuit counts down, so while one is open the value is looked at every second although nothing happens.
 */

import { systemEnvironment } from "../environment.js";
import type { GuardEventType } from "../events.js";
import type { Guard } from "../guard.js";
import type { GuardSnapshot } from "../snapshot.js";

/** What `useSyncExternalStore` wants. */
export interface Watched<Value> {
  subscribe(listener: () => void): () => void;
  current(): Value;
  /** Before there is a page there is nothing to see; the first render in the page shows the same, and then the truth. */
  before(): Value;
}

const GATHER = 100;
const COUNTDOWN = 1_000;
const TELLING: readonly GuardEventType[] = ["transition", "call", "refusal", "retry", "policy", "storage"];

const watched = new WeakMap<Guard, Watched<GuardSnapshot>>();

/** The guard's snapshot; all who watch one guard share it. */
export function watchedSnapshot(guard: Guard): Watched<GuardSnapshot> {
  const known = watched.get(guard) ?? watch(guard);
  watched.set(guard, known);
  return known;
}

function watch(guard: Guard): Watched<GuardSnapshot> {
  const { startTimer, stopTimer, holdProcess } = systemEnvironment();
  const listeners = new Set<() => void>();
  let value = guard.snapshot();
  const calls = { ...value.calls, total: 0, succeeded: 0, failed: 0, refused: 0, retries: 0, inflight: 0 };
  const nothingYet: GuardSnapshot = { ...value, at: 0, breakers: [], limits: [], calls };
  let timer: unknown;
  let isGathering = false;
  let stops: (() => void)[] = [];

  function look(): void {
    timer = undefined;
    isGathering = false;
    value = guard.snapshot();
    if (value.breakers.some(({ nextProbeIn }) => nextProbeIn !== null)) lookIn(COUNTDOWN);
    for (const listener of [...listeners]) listener();
  }

  function lookIn(millis: number): void {
    if (timer !== undefined) stopTimer(timer);
    timer = startTimer(look, millis);
    holdProcess(timer, false);
  }

  function changed(): void {
    if (isGathering) return;
    isGathering = true;
    lookIn(GATHER);
  }

  function begin(): void {
    stops = TELLING.map((type) => guard.on(type, changed));
    // What happened while nobody watched.
    changed();
  }

  function end(): void {
    for (const stop of stops) stop();
    if (timer !== undefined) stopTimer(timer);
    timer = undefined;
    isGathering = false;
  }

  return {
    current: () => value,
    before: () => nothingYet,
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) begin();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) end();
      };
    },
  };
}
