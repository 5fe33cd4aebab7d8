/**
 * What hardly any first call needs, in a file of its own: the second half of the core, and what only it can do.
 *
 * It is asked for when the first request is on its way, or earlier by whoever needs it: what an earlier page stored is
 * taken up before anything is sent, and a failure is judged before anybody hears of it. Where it cannot be loaded, the
 * first half guards alone, nothing is stored, and whoever needs it next asks again.
 */

import type { parseCallOptions } from "./call-options.read.js";
import type { Steps } from "./call.steps.js";
import type { Clock } from "./clock.js";
import type { Core } from "./core.js";
import type { Environment } from "./environment.js";
import type { TransitionEvent } from "./events.js";
import type { Line } from "./line.js";
import { joinModule } from "./module.js";
import type { createPolicySource } from "./policy.js";
import type { Router } from "./route.js";
import type { createRuns } from "./run.js";
import type { SettingsInForce } from "./settings.js";
import type { BreakerSnapshot, LimitSnapshot, StoredBreaker } from "./snapshot.js";
import type { joinAsMember, Told } from "./tabs.member.js";
import type { watchReading } from "./unread.js";
import type { Windows } from "./usage.js";

/** What the file holds. */
export interface Rest {
  readonly secondHalf: string;
  readonly steps: Steps;
  readonly parseCallOptions: typeof parseCallOptions;
  readonly joinTabs: typeof joinAsMember;
  readonly createRuns: typeof createRuns;
  readonly createPolicySource: typeof createPolicySource;
  readonly watchReading: typeof watchReading;
  openState(parts: StateParts): State;
}

export interface StateParts {
  readonly core: Core;
  readonly clock: Clock;
  readonly route: Router;
  readonly settings: SettingsInForce;
}

/** A transition as it is told, and the number of its breaker if other tabs are to hear of it, or -1. */
export interface Transition {
  readonly event: TransitionEvent;
  readonly breaker: number;
}

/** A guard's state as figures, as text and for other tabs. */
export interface State {
  breaker(index: number): BreakerSnapshot;
  /** What breakers have done since this was last asked. */
  transitions(): Transition[];
  limits(): LimitSnapshot[];
  readonly windows: Windows;
  readonly line: Line;
  /** The breakers' state, to be stored. */
  breakers(): string;
  /** Takes it up again; says what is wrong with it. */
  takeBreakers(text: string): string | undefined;
  /** What is stored of breakers under that key. */
  stored(environment: Environment, key: string): StoredBreaker[];
  /** What of the limits is used, to be stored. */
  usage(): string;
  takeUsage(text: string): string | undefined;
  /** What a breaker has found. */
  told(breaker: number): Told;
}

let offered: Rest | undefined;
let here: Rest | undefined;
let loading: Promise<Rest> | undefined;

/** The rest, if it is here. */
export function rest(): Rest | undefined {
  if (!here && offered) {
    joinModule(offered.secondHalf);
    here = offered;
  }
  return here;
}

/**
 * Brings the rest along, once for all guards, where nobody has to wait for it: in a process, or in a page's own bundle.
 *
 * @example
 * ```ts
 * import { offerRest } from "seawall/guard";
 * import { rest } from "seawall/rest";
 *
 * offerRest(rest);
 * ```
 */
export function offerRest(given: Rest): Rest {
  offered = given;
  return given;
}

/** Loads the rest and joins it: whoever has waited for this may use what comes with it. */
export async function loadRest(): Promise<Rest> {
  const loaded = offered ?? (await file());
  return rest() ?? loaded;
}

function file(): Promise<Rest> {
  loading ??= import("./entries/rest.js").then(({ rest: loaded }) => offerRest(loaded)).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
