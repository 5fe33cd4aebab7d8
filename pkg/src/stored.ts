/**
 * The breakers' state as text: a line for each, its numbers and its name.
 *
 * The numbers are the core's: versioned, expiring, checked and clamped there. Here they only become text and numbers
 * again, and text that is not exactly what they would become is not theirs.
 */

import type { Clock } from "./clock.js";
import type { Core } from "./core.js";

/** Longer than every breaker of a real policy could write. */
const LONGEST_STATE = 64 * 1024;

/** What may be wrong with a stored state, by the core's number. */
const PROBLEMS = ["is malformed", "is of another version", "is damaged", "has expired", "lies in the future"];
const FINE = 255;

export function saved({ call, guard, breakers, numbers }: Core, clock: Clock): string {
  const lines = breakers.map((name, index) => {
    const count = call.save(guard, index, clock.now(), clock.wall());
    return `${numbers().slice(0, count).join()} ${name}\n`;
  });
  return lines.join("");
}

/**
 * Takes stored states up, all of them or, if anything is wrong with one, none; gives what was wrong. A state of
 * nobody known (an endpoint that the policy no longer names) is passed over.
 */
export function restored({ call, guard, breakers, numbers }: Core, text: string, clock: Clock): string | undefined {
  const states = text.length > LONGEST_STATE || !text.endsWith("\n") ? [""] : text.slice(0, -1).split("\n");
  for (const keep of [0, 1]) {
    for (const line of states) {
      const [state = "", ...names] = line.split(" ");
      const given = state.split(",").map(Number);
      const index = breakers.indexOf(names.join(" "));
      const isText = given.join() === state && names.length > 0 && given.length <= numbers().length;
      if (isText) numbers().set(given);
      const code = !isText ? 0 : index < 0 ? FINE : call.restore(guard, index, given.length, keep, clock.now(), clock.wall());
      if (code !== FINE) return `stored state ${PROBLEMS[code]}`;
    }
  }
  return undefined;
}
