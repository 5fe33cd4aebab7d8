/** Alert rules: a figure, a threshold, and for how long it must be passed. Pure: time is an argument. */

/** The figures that rules may watch. */
export const MEASURES = ["open_circuits", "error_rate", "p95", "head_room", "waiting"] as const;
/**
 * A figure that rules may watch.
 *
 * @example
 * ```ts
 * import type { Measure } from "seawall/dashboard";
 *
 * const measure: Measure = "error_rate";
 * ```
 */
export type Measure = (typeof MEASURES)[number];

/**
 * A figure, and the threshold beyond which it alerts.
 *
 * @example
 * ```ts
 * import type { AlertRule } from "seawall/dashboard";
 *
 * const rule: AlertRule = { measure: "p95", threshold: 800, for: 30_000, label: "Slow answers" };
 * ```
 */
export interface AlertRule {
  readonly measure: Measure;
  /** Alerts when the figure is above this; of `head_room`, below. */
  readonly threshold: number;
  /** Milliseconds for which it must stay there. Default 0. */
  readonly for?: number;
  /** What the alert is called; by default the measure's own words. */
  readonly label?: string;
}

/**
 * What holds if nothing is said. Rates are shares, times milliseconds.
 *
 * @example
 * ```ts
 * import { DEFAULT_RULES, type SeawallDashboard } from "seawall/dashboard";
 *
 * const dashboard = document.querySelector("seawall-dashboard") as SeawallDashboard;
 * dashboard.rules = [...DEFAULT_RULES, { measure: "p95", threshold: 5_000, label: "Nearly timed out" }];
 * ```
 */
export const DEFAULT_RULES: readonly AlertRule[] = [
  { measure: "open_circuits", threshold: 0 },
  { measure: "error_rate", threshold: 0.1 },
  { measure: "p95", threshold: 2_000, for: 10_000 },
  { measure: "head_room", threshold: 0.1 },
  { measure: "waiting", threshold: 20 },
];

/** The figures now; null where there is none. */
export type Measured = Readonly<Record<Measure, number | null>>;

/**
 * What the event `seawall-alert` carries.
 *
 * @example
 * ```ts
 * import type { Alert } from "seawall/dashboard";
 *
 * const line = ({ rule, state, value, subject }: Alert) => `${rule.measure} ${state}: ${value} ${subject}`;
 * ```
 */
export interface Alert {
  readonly rule: AlertRule;
  readonly state: "raised" | "cleared";
  readonly value: number | null;
  /** What it is about: the circuits that are open, the limit that is nearly used up. */
  readonly subject: string;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

/** How a rule stands. */
export interface RuleState {
  readonly rule: AlertRule;
  readonly value: number | null;
  readonly raised: boolean;
}

export interface Rules {
  /** Compares; gives what was raised or cleared by it. */
  check(measured: Measured, subjects: Readonly<Record<Measure, string>>, now: number): Alert[];
  readonly states: readonly RuleState[];
}

/** An alert is cleared when its figure was good for so long: one that flickers is told once. */
const CALM = 5_000;

export function createRules(rules: readonly AlertRule[]): Rules {
  const watched = rules.map((rule) => createWatch(rule));
  return {
    check: (measured, subjects, now) =>
      watched.flatMap((watch) => {
        const { measure } = watch.state.rule;
        const state = watch.check(measured[measure], now);
        return state ? [{ rule: watch.state.rule, state, value: watch.state.value, subject: subjects[measure], at: now }] : [];
      }),
    get states() {
      return watched.map(({ state }) => state);
    },
  };
}

interface Watch {
  readonly state: RuleState;
  check(value: number | null, now: number): Alert["state"] | undefined;
}

function createWatch(rule: AlertRule): Watch {
  let state: RuleState = { rule, value: null, raised: false };
  /** Since when the figure says the opposite of the state. */
  let since: number | undefined;
  return {
    get state() {
      return state;
    },
    check(value, now) {
      const passed = isPassed(rule, value);
      state = { ...state, value };
      if (passed === state.raised) {
        since = undefined;
        return undefined;
      }
      since ??= now;
      if (now - since < (passed ? (rule.for ?? 0) : CALM)) return undefined;
      since = undefined;
      state = { ...state, raised: passed };
      return passed ? "raised" : "cleared";
    },
  };
}

function isPassed({ measure, threshold }: AlertRule, value: number | null): boolean {
  if (value === null) return false;
  return measure === "head_room" ? value < threshold : value > threshold;
}

/** Rules as an attribute or a program gives them; throws what is wrong with them. */
export function readRules(given: unknown): AlertRule[] {
  const rules: unknown = typeof given === "string" ? JSON.parse(given) : given;
  if (!Array.isArray(rules)) throw new TypeError("alert rules are a list");
  return rules.map(readRule);
}

function readRule(given: unknown): AlertRule {
  const { measure, threshold, for: held, label } = (given ?? {}) as Partial<AlertRule>;
  const found = MEASURES.find((known) => known === measure);
  if (found === undefined) throw new TypeError(`an alert rule measures one of ${MEASURES.join(", ")}, not ${JSON.stringify(measure)}`);
  if (typeof threshold !== "number" || !Number.isFinite(threshold)) throw new TypeError(`the alert rule for ${found} needs a number as threshold`);
  if (held !== undefined && !(held >= 0)) throw new TypeError(`"for" of the alert rule for ${found} is a number of milliseconds`);
  return { measure: found, threshold, ...(held === undefined ? {} : { for: held }), ...(typeof label === "string" ? { label } : {}) };
}
