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
import { SERVICES } from "./vocabulary.js";

/** Where a setting is asked for; a request's {@link Route} is one. */
export type Place = Pick<Route, "service" | "endpoint">;

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

export interface SettingsInForce extends Settings {
  /** The core's number for the rules that hold for a route. */
  scopeOf(route: Route): number;
  /** Takes all settings in the place of the old; throws for a contradiction, and changes nothing. */
  replace(given: readonly Given[], now: number): void;
}

/** The settings given, in force in the core and here. */
export function createSettings(core: Core, given: readonly Given[], now: number): SettingsInForce {
  let inForce: readonly Given[] = [];
  let document: Float64Array = new Float64Array();
  let places = new Map<string, Float64Array>();
  let scopes = new Map<string, number>();

  function valueOf(path: SettingName, place: Place | undefined): number {
    const values = (place && (places.get(place.endpoint) ?? places.get(place.service))) ?? document;
    return values[indexOf(path)] ?? NaN;
  }

  function replace(next: readonly Given[], at: number): void {
    const base = resolve(Float64Array.from(ROWS, ({ initial }) => initial), next, "");
    const resolved = new Map<string, Float64Array>();
    const named = new Map<string, number>();
    const { call, guard, breakers } = core;
    const configure = (name: string, values: Float64Array, service: number, own: boolean, prefix: string): void => {
      core.numbers().set(values);
      const known = breakers.indexOf(name);
      const number = !own ? service : known < 0 ? breakers.length : known;
      throwIfContradictory(call.configure(guard, service, number, own ? 1 : 0, values.length), prefix);
      if (own && known < 0) breakers.push(name);
      resolved.set(name, values);
      named.set(name, named.size);
    };
    call.renew(guard);
    configure("", base, 0, false, "");
    SERVICES.forEach((service, number) => configure(service, resolve(base, next, service), number, true, `services.${service}.`));
    for (const path of new Set(next.map(({ place }) => place).filter((place) => place.startsWith("/")))) {
      const service = call.target(core.write(`GET ${path}`)) & 7;
      const values = resolve(resolved.get(SERVICES[service] ?? "") ?? base, next, path);
      const own = next.some(({ place, index }) => place === path && ROWS[index]?.path.startsWith("breaker."));
      configure(path, values, service, own, `endpoints."${path}".`);
    }
    call.apply(guard, at);
    [inForce, document, places, scopes] = [next, base, resolved, named];
  }

  replace(given, now);
  return {
    number: valueOf,
    word: (path, place) => ROWS[indexOf(path)]?.words[valueOf(path, place)] ?? "",
    flag: (path, place) => valueOf(path, place) > 0,
    given: (path) =>
      inForce.some(({ index }) => ROWS[index]?.path === path || ROWS[index]?.path.startsWith(`${path}.`)),
    scopeOf: ({ endpoint, service }) => scopes.get(endpoint) ?? scopes.get(service) ?? 0,
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
