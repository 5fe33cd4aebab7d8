/**
 * Everything the dashboard says, in one table, so that an application can say it in its own words and language.
 *
 * What is in braces is filled in. What a source brings along (circuits, endpoints, keys, what a server's events and
 * refusals are called) is not text but data, and is shown as it is.
 */

import { SERVER_TEXTS } from "./server/texts.js";

/** What is said of a guard or a server alike. */
const VIEW_TEXTS = {
  /** In whose manner numbers and times are written: a BCP 47 tag. */
  language: "en",
  percent: "{n} %",
  milliseconds: "{n} ms",
  seconds: "{n} s",
  minutes: "{n} min",
  byteCount: "{n} B",
  kilobytes: "{n} kB",
  megabytes: "{n} MB",
  p50: "p50",
  p95: "p95",
  p99: "p99",

  waitingForFigures: "Waiting for the first figures",
  verdictClosed: "All circuits closed",
  verdictOne: "Circuit {state}: {circuits}",
  verdictSome: "Circuits {state}: {circuits}",
  sinceTime: "since {time}",
  alertCountOne: "1 alert",
  alertCount: "{n} alerts",

  lastMinute: "The last minute",
  calls: "Calls",
  succeeded: "Succeeded",
  refusedCalls: "Refused",
  underWay: "Under way",

  circuits: "Circuits",
  circuit: "Circuit",
  success: "Success",
  failures: "Failures",
  byHand: "By hand",
  notUsed: "not used yet",
  attemptCountOne: "1 attempt",
  attemptCount: "{n} attempts",
  nextProbe: "next probe in {n} s",
  state_closed: "closed",
  state_open: "open",
  state_half_open: "half-open",
  state_forced_open: "held open",
  state_forced_closed: "held closed",
  state_disabled: "disabled",
  state_metrics_only: "only watching",
  cause_failure_count: "too many failures in the window",
  cause_failure_rate: "too large a share of failures",
  cause_slow_call_rate: "too many slow calls",
  cause_server_asked: "the server asked for a pause",
  cause_cool_down_elapsed: "the cool-down is over",
  cause_probe_failed: "a probe failed",
  cause_probe_timed_out: "a probe got no answer",
  cause_probes_succeeded: "the probes succeeded",
  cause_manual: "moved by hand",
  cause_restored: "remembered from before the reload",
  cause_policy_changed: "the policy changed",
  cause_other_tab: "another tab found it so",

  moveMenu: "Move {circuit} by hand",
  move_forceOpen: "Hold open",
  move_forceClosed: "Hold closed",
  move_disable: "Disable",
  move_reset: "Reset",
  moved_forceOpen: "{circuit} is held open: every call is refused.",
  moved_forceClosed: "{circuit} is held closed: every call passes.",
  moved_disable: "{circuit} is disabled: nothing is watched.",
  moved_reset: "{circuit} is reset: closed, watching, nothing remembered.",
  notMoved: "{circuit} was not moved: {reason}.",
  mayNotMove: "Only an administrator may move a circuit.",
  mayNotAct: "Only an administrator may do that.",
  actRefused: "{act}: {subject} was refused: {reason}.",

  alerts: "Alerts",
  noRule: "No rule is set.",
  raised: "alert",
  quiet: "quiet",
  measure_open_circuits: "Open circuits",
  measure_error_rate: "Failed calls",
  measure_p95: "p95 latency",
  measure_head_room: "Head-room of a limit",
  measure_waiting: "Calls waiting",
  above: "above {figure}",
  below: "below {figure}",
  aboveFor: "above {figure} for {span}",
  belowFor: "below {figure} for {span}",
  alertCleared: "{alert}: back to normal.",
  alertRaised: "Alert. {alert}: {figure}, {condition}.",
  alertRaisedOf: "Alert. {alert}: {figure}, {subject}, {condition}.",

  asTable: "Table",
  tableOf: "{chart}, as a table",
  tableCaption: "{chart}, in steps of {n} seconds, the latest first",
  latestValues: "Latest values",
  from: "From",
  nothingYet: "Nothing yet",
  volume: "Calls per second",
  answered: "answered",
  failed: "failed",
  refusedShare: "refused",
  volumeNone: "No calls yet.",
  volumeNoneLately: "No calls in the last {span}.",
  volumeSentence: "In the last {span}: {mean} a second on average, {most} at most, {failed} failed.",
  latency: "Latency",
  latencyNone: "No call was answered yet.",
  latencySentence: "In the last {span}: p95 between {least} and {most}.",
  lastSecond: "second",
  lastSeconds: "{n} seconds",
  lastMinutes: "{n} minutes",

  endpoints: "Endpoints",
  endpointFigures: "Figures by endpoint",
  noCall: "No call yet.",
  endpoint: "Endpoint",
  otherEndpoints: "other",
  retries: "Retries",
  joined: "Joined",
  cached: "Cached",
  queuedP95: "Queued, p95",

  headRoom: "Head-room",
  anyEndpoint: "any endpoint",
  callsLeft: "{limit}: calls left",
  room: "{left} of {limit} in {span}",
  moreRoom: "and {n} with more room",
  class_reads: "reads",
  class_writes: "writes",
  class_rpc: "rpc",
  class_auth: "auth",

  transitions: "Transitions",
  noTransition: "No circuit has changed.",
  figures: "Queue, cache and offline writes",
} as const satisfies Record<string, string>;

/** What is said of this browser's guard. */
const GUARD_TEXTS = {
  thisBrowser: "This browser",
  callQueue: "Queue",
  waitingNow: "Waiting now",
  waited: "Waited",
  waitedP95: "p95 {span}",
  joinedWithOthers: "Joined with others",
  responseCache: "Cache",
  ofReads: "{share} of reads",
  unchanged: "Unchanged at the server",
  fromServer: "From the server",
  onDisk: "{size}, on disk",
  inMemory: "{size}, in memory",
  offlineWrites: "Offline writes",
  setAside: "Set aside",
  replayed: "Replayed",
} as const satisfies Record<string, string>;

/**
 * What is said where nothing else is given.
 *
 * @example
 * ```ts
 * import { DASHBOARD_TEXTS } from "seawall/dashboard";
 *
 * show(Object.entries(DASHBOARD_TEXTS).map(([name, text]) => `${name}: ${text}`));
 * ```
 */
export const DASHBOARD_TEXTS: DashboardTexts = { ...VIEW_TEXTS, ...GUARD_TEXTS, ...SERVER_TEXTS };

type ViewName = keyof typeof VIEW_TEXTS;
type GuardName = keyof typeof GUARD_TEXTS;
type ServerName = keyof typeof SERVER_TEXTS;
/** Were a name in two parts, one's text would be said in the other's place: then there is no table. */
type Twice = (ViewName & GuardName) | (ViewName & ServerName) | (GuardName & ServerName);
type Name = [Twice] extends [never] ? ViewName | GuardName | ServerName : never;

/**
 * Every text of the dashboard, by name. What is in braces is filled in, wherever it stands.
 *
 * @example
 * ```ts
 * import type { DashboardTexts } from "seawall/dashboard";
 *
 * const german: Partial<DashboardTexts> = {
 *   language: "de",
 *   verdictClosed: "Alle Stromkreise geschlossen",
 *   nextProbe: "in {n} s neuer Versuch",
 * };
 * ```
 */
export type DashboardTexts = { readonly [Each in Name]: string };
