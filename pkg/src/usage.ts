/**
 * Windows by the names they have in every tab and page, and what of them is used, as text.
 */

import type { Clock } from "./clock.js";
import type { Core } from "./core.js";
import type { Router } from "./route.js";
import type { SettingsInForce } from "./settings.js";
import { lines, MALFORMED, takeLines } from "./stored.js";

/** The core's number of no window. */
const NONE = 0xffff_ffff;

/** The core's windows. */
export interface Windows {
  readonly core: Core;
  readonly clock: Clock;
  readonly count: number;
  /** User, class and endpoint, with blanks between. */
  name(index: number): string;
  /** The number of the window of this name, made if there is none; undefined for a name that is none. */
  index(name: string): number | undefined;
}

export function createWindows(core: Core, clock: Clock, route: Router, settings: SettingsInForce): Windows {
  const { call, guard, numbers, endpoints } = core;
  return {
    core,
    clock,
    get count() {
      return call.limits(guard);
    },
    name(index) {
      call.limit(guard, index, clock.now());
      const [operation = 0, , , , endpoint = 0, user = 0] = numbers();
      return `${user} ${operation} ${endpoints[endpoint]}`;
    },
    index(name) {
      const [user = "", operation = "", ...endpoint] = name.split(" ");
      const where = route("GET", endpoint.join(" "));
      const index = call.window(guard, settings.scopeOf(where), where.number, Number(user), Number(operation), clock.now()) >>> 0;
      return index === NONE ? undefined : index;
    },
  };
}

export function usageText({ core, clock, count, name }: Windows): string {
  return lines(core, count, (index) => core.call.usage(core.guard, index, clock.now(), clock.wall()), name);
}

/** Takes stored usages up; what is wrong with the first that is not in order, or nothing. */
export function takeUsage({ core, clock, index }: Windows, text: string): string | undefined {
  return takeLines(core, text, (name, count) => {
    const place = index(name);
    if (place === undefined) return MALFORMED;
    return core.call.remember(core.guard, place, count, clock.now(), clock.wall());
  });
}
