/**
 * State as text: a line for each breaker or window, its numbers and its name.
 *
 * The numbers are the core's: versioned, expiring, checked and clamped there. Here they only become text and numbers
 * again, and text that is not exactly what they would become is not theirs.
 */

import type { Clock } from "./clock.js";
import type { Core } from "./core.js";
import type { Environment } from "./environment.js";
import type { StoredBreaker } from "./snapshot.js";
import { CIRCUIT_STATES } from "./vocabulary.js";

/** Longer than every breaker and window of a real page could write. */
const LONGEST_STATE = 256 * 1024;

/** What may be wrong with a stored state, by the core's number. */
const PROBLEMS = ["is malformed", "is of another version", "is damaged", "has expired", "lies in the future"];
/** The core's numbers for what is malformed, and for what is in order. */
export const MALFORMED = 0;
export const FINE = 255;

/** A line for each of so many, of which the core leaves the numbers and says how many they are. */
export function lines({ numbers }: Core, count: number, leave: (index: number) => number, name: (index: number) => string): string {
  let text = "";
  for (let index = 0; index < count; index += 1) {
    const state = numbers().slice(0, leave(index)).join();
    if (state !== "") text += `${state} ${name(index)}\n`;
  }
  return text;
}

/** Gives the core the numbers of each line to use under its name; what was wrong with the first that it refused. */
export function takeLines({ numbers }: Core, text: string, use: (name: string, count: number) => number): string | undefined {
  const states = text.length > LONGEST_STATE || !text.endsWith("\n") ? [""] : text.slice(0, -1).split("\n");
  for (const line of states) {
    const problem = takeLine(numbers, line, use);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function takeLine(numbers: Core["numbers"], line: string, use: (name: string, count: number) => number): string | undefined {
  const [state = "", ...names] = line.split(" ");
  const given = state.split(",").map(Number);
  const isText = given.join() === state && names.length > 0 && given.length <= numbers().length;
  if (isText) numbers().set(given);
  const code = isText ? use(names.join(" "), given.length) : MALFORMED;
  return code === FINE ? undefined : `stored state ${PROBLEMS[code]}`;
}

/**
 * What breakers would begin with that took up what is stored under a key, each by itself; one of nobody known (an endpoint
 * that the policy no longer names) as the first would.
 */
export function readStored({ call, guard, breakers, numbers }: Core, clock: Clock, { storage }: Environment, key: string): StoredBreaker[] {
  return textIn(storage, key).split("\n").filter(Boolean).map((line) => {
    let found: readonly number[] = [];
    const problem = takeLine(numbers, line, (name, count) => {
      const savedAt = numbers()[1] ?? 0;
      const code = call.restore(guard, Math.max(0, breakers.indexOf(name)), count, 0, clock.now(), clock.wall());
      found = [savedAt, ...(code === FINE ? numbers().slice(0, 3) : [])];
      return code;
    });
    const [savedAt = 0, state = 0, nextProbeIn = Infinity, recentFailures = 0] = found;
    return {
      key: line.split(" ").slice(1).join(" "),
      state: CIRCUIT_STATES[state] ?? "closed",
      savedAt,
      nextProbeIn: Number.isFinite(nextProbeIn) ? nextProbeIn : null,
      recentFailures,
      problem: problem ?? null,
    };
  });
}

/** Nothing where there is no storage, or no leave to use it. */
function textIn(storage: Environment["storage"], key: string): string {
  try {
    return storage()?.getItem(key) ?? "";
  } catch {
    return "";
  }
}

export function saved(core: Core, clock: Clock): string {
  const { call, guard, breakers } = core;
  const leave = (index: number): number => call.save(guard, index, clock.now(), clock.wall());
  return lines(core, breakers.length, leave, (index) => breakers[index] ?? "");
}

/**
 * Takes breakers' states up, all of them or, if anything is wrong with one, none; gives what was wrong. A state of
 * nobody known (an endpoint that the policy no longer names) is passed over.
 */
export function restored(core: Core, text: string, clock: Clock): string | undefined {
  const { call, guard, breakers } = core;
  const pass = (keep: 0 | 1): string | undefined =>
    takeLines(core, text, (name, count) => {
      const index = breakers.indexOf(name);
      return index < 0 ? FINE : call.restore(guard, index, count, keep, clock.now(), clock.wall());
    });
  return pass(0) ?? pass(1);
}
