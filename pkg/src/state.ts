/** A guard's state as figures, for storage and for other tabs: what the second half of the core says of it, by name. */

import { readBreaker, readLimits, readTransitions } from "./figures.js";
import { createLine } from "./line.js";
import type { State, StateParts } from "./rest.js";
import { readStored, restored, saved } from "./stored.js";
import { createWindows, takeUsage, usageText } from "./usage.js";

export function openState({ core, clock, route, settings }: StateParts): State {
  const { call, guard, breakers, numbers } = core;
  const windows = createWindows(core, clock, route, settings);
  return {
    windows,
    line: createLine(core, clock),
    breaker: (index) => readBreaker(core, index, clock.now()),
    transitions: () => readTransitions(core, clock),
    limits: () => readLimits(core, clock.now()),
    breakers: () => saved(core, clock),
    takeBreakers: (text) => restored(core, text, clock),
    stored: (environment, key) => readStored(core, clock, environment, key),
    usage: () => usageText(windows),
    takeUsage: (text) => takeUsage(windows, text),
    told(breaker) {
      const count = call.told(guard, breaker, clock.now(), clock.wall());
      return { breaker: breakers[breaker] ?? "", found: numbers().slice(0, count) };
    },
  };
}
