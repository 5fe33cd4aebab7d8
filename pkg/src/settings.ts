/**
 * What holds where: every setting resolved for the document, each service and each endpoint that has its own.
 *
 * The nearest word wins: the endpoint's before the service's before the document's. The core gets its numbers from
 * here, all of them or none, and so do the stages, by name.
 */

import type { Core } from "./core.js";
import { OptionError } from "./errors.js";
import type { Route } from "./route.js";
import { type Given, indexOf, ROWS } from "./settings.read.js";
import { CEILINGS, CONFLICTS, type SettingName } from "./settings.table.js";
import { type Service, SERVICES } from "./vocabulary.js";

/** Where a setting is asked for; a request's {@link Route} is one. */
export type Place = Pick<Route, "service" | "endpoint">;

/** No place in particular. */
const EVERYWHERE: Place = { service: "" as Service, endpoint: "" };

/** The policy in force, by name. What the server publishes later changes the answers. */
export interface Settings {
  /** A number: milliseconds, a count or a ratio. */
  number(path: SettingName, place?: Place): number;
  /** A choice's word. */
  word(path: SettingName, place?: Place): string;
  /** A flag. */
  flag(path: SettingName, place?: Place): boolean;
  /** Whether anybody gave this setting, or one of this group, anywhere. */
  given(path: string): boolean;
}

/** What one attempt may take, or the whole call if that is less; a zero is no limit. */
export function patienceFor(settings: Settings, route: Route): number {
  const timeout = settings.number(`timeouts.${route.class}`, route) || settings.number("timeout", route);
  return Math.min(timeout || Infinity, settings.number("deadline", route) || Infinity);
}

/** What holds at one place: a value for every setting, and the number of the breaker. */
export interface Rules {
  readonly values: Float64Array;
  readonly service: number;
  readonly breaker: number;
  readonly own: boolean;
}

export interface SettingsInForce extends Settings {
  /** The core's number for the rules that hold for a route. */
  scopeOf(route: Route): number;
  /** The rules themselves. */
  rulesOf(route: Place): Rules;
  /** Takes all settings in the place of the old; throws for a contradiction, and changes nothing. */
  replace(given: readonly Given[], now: number): void;
}

/** The settings given, in force in the core and here. */
export function createSettings(core: Core, given: readonly Given[], now: number): SettingsInForce {
  /** The paths of what was given, each in a line of its own. */
  let inForce = "";
  /** By the core's numbers for them: the document's first. */
  let rules: Rules[] = [];
  let scopes = new Map<string, number>();

  const scopeOf = ({ endpoint, service }: Place): number => scopes.get(endpoint) ?? scopes.get(service) ?? 0;
  const rulesOf = (place: Place): Rules => rules[scopeOf(place)] as Rules;

  function valueOf(path: SettingName, place: Place = EVERYWHERE): number {
    return rulesOf(place).values[indexOf(path)] ?? NaN;
  }

  function replace(next: readonly Given[], at: number): void {
    const base = resolve(Float64Array.from(ROWS, ({ initial }) => initial), next, "");
    const found: Rules[] = [];
    const named = new Map<string, number>();
    const { call } = core;
    const breakers = [...core.breakers];
    const add = (name: string, values: Float64Array, service: number, own: boolean, prefix: string): void => {
      core.numbers().set(values);
      throwIfContradictory(call.check(values.length), prefix);
      if (own && !breakers.includes(name)) breakers.push(name);
      named.set(name, found.length);
      found.push({ values, service, own, breaker: own ? breakers.indexOf(name) : service });
    };
    add("", base, 0, false, "");
    SERVICES.forEach((service, number) => add(service, resolve(base, next, service), number, true, `services.${service}.`));
    for (const path of new Set(next.map(({ place }) => place).filter((place) => place.startsWith("/")))) {
      const service = call.target(core.write(`GET ${path}`)) & 7;
      const values = resolve(found[service + 1]?.values ?? base, next, path);
      const own = next.some(({ place, index }) => place === path && ROWS[index]?.path.startsWith("breaker."));
      add(path, values, service, own, `endpoints."${path}".`);
    }
    core.breakers.splice(0, Infinity, ...breakers);
    core.soon(() => {
      call.renew(core.guard);
      for (const { values, service, breaker, own } of found) {
        core.numbers().set(values);
        call.configure(core.guard, service, breaker, own ? 1 : 0, values.length);
      }
      call.apply(core.guard, at);
    });
    inForce = next.map(({ index }) => `\n${ROWS[index]?.path}.`).join("");
    [rules, scopes] = [found, named];
  }

  replace(given, now);
  return {
    number: valueOf,
    word: (path, place) => ROWS[indexOf(path)]?.words[valueOf(path, place)] ?? "",
    flag: (path, place) => valueOf(path, place) > 0,
    given: (path) => inForce.includes(`\n${path}.`),
    scopeOf,
    rulesOf,
    replace,
  };
}

/** The outer place's values with those given at this one over them. */
function resolve(outer: Float64Array, given: readonly Given[], place: string): Float64Array {
  const values = outer.slice();
  const own = new Set<number>();
  for (const { index, number } of given.filter((one) => one.place === place)) {
    values[index] = number;
    own.add(index);
  }
  for (const [floor, ceiling] of CEILINGS) {
    const least = values[floor] ?? 0;
    if (own.has(floor) && !own.has(ceiling) && (values[ceiling] ?? 0) < least) values[ceiling] = least;
  }
  return values;
}

/** The core's number for settings that do not contradict each other. */
const FINE = 255;

function throwIfContradictory(code: number, prefix: string): void {
  if (code === FINE) return;
  const [, option = "", rule = ""] = CONFLICTS.match(new RegExp(`^${code} (\\S+)(.*)$`, "m")) ?? [];
  throw new OptionError(prefix + option, prefix + option + rule);
}
