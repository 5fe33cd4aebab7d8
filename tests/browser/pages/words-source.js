// A source that shows everything a dashboard can show, a step at a time; its data have no letters. It says that it is
// a stand-in: what a real guard and a real server show is in the other tests.

import "/seawall/dashboard.js";
import { CIRCUIT_STATES, CLASSES, TRANSITION_CAUSES } from "/seawall/guard.js";
import { listenTo, marked } from "/words.js";

const START = Date.UTC(2026, 0, 1);
const breaker = (key, state, more) => ({
  key: `№${key}`,
  state,
  successes: 0,
  failures: 0,
  refused: 0,
  opened: 0,
  successRate: null,
  p50: null,
  p95: null,
  p99: null,
  nextProbeIn: state === "open" ? 60_000 : null,
  ...more,
});
const latencies = (count) => ({ count, sum: count * 40, buckets: count === 0 ? [] : [[40, count]], p50: count === 0 ? null : 4, p95: count === 0 ? null : 400, p99: count === 0 ? null : 4_000 });
const endpoint = (name, operation, calls) => ({
  service: "rest",
  class: operation,
  endpoint: name,
  calls,
  succeeded: calls,
  failures: {},
  retries: 0,
  joined: {},
  cache: {},
  latency: latencies(calls),
  queue: latencies(0),
});
const limit = (name, operation, path, remaining, window) => ({ name, class: operation, endpoint: path, limit: 100, remaining, window });
const allClosed = [breaker(1, "closed"), breaker(2, "closed", { successes: 1 }), breaker(3, "closed", { successes: 5 })];

/** What is shown, one after the other; each for long enough to be read. */
const STEPS = {
  nothing: {},
  idle: { breakers: allClosed, endpoints: [endpoint("/1", "reads", 0)], limits: CLASSES.map((name, place) => limit(`${place}`, name, null, 50, 300_000)) },
  busy: {
    breakers: [...allClosed, breaker(4, "open")],
    history: [{ at: START, breaker: "№4", from: "closed", to: "open", cause: "failure_count" }],
    endpoints: [...CLASSES.map((name, place) => endpoint(`/${place}`, name, 100)), endpoint("other", "reads", 3)],
    limits: Array.from({ length: 10 }, (_, place) => limit(`/${place}`, CLASSES[place % 4], `/${place}`, place, 10_000)),
  },
  troubled: {
    breakers: [...CIRCUIT_STATES, "forced_open"].map((state, place) => breaker(place, state)),
    history: TRANSITION_CAUSES.map((cause, place) => ({ at: START + place + 1, breaker: `№${place}`, from: "closed", to: CIRCUIT_STATES[place % CIRCUIT_STATES.length], cause })),
    endpoints: CLASSES.map((name, place) => endpoint(`/${place}`, name, 200)),
    waiting: 1_000,
  },
  calm: { breakers: allClosed, endpoints: CLASSES.map((name, place) => endpoint(`/${place}`, name, 200)) },
};

let step = "nothing";
let at = START;
let changed = () => {};
let shown = () => {};
let willing = true;
let holder;
const act = (label) => ({ label, done: "✓", run: async () => willing || Promise.reject(new Error("✗")) });

const source = {
  name: "№0",
  async read() {
    setTimeout(shown, 50);
    const panels = [{ id: "0", title: "№", empty: "∅", rows: [{ key: "1", name: "№1", acts: [act("⟳")] }], search: { label: "⌕", run() {} } }];
    return { at, since: START, breakers: [], limits: [], endpoints: [], history: [], inflight: 1, waiting: 0, groups: [], panels, ...STEPS[step] };
  },
  onChange(listener) {
    changed = listener;
    return () => {};
  },
  async move() {
    if (!willing) throw new Error("✗");
  },
};

const dashboard = document.querySelector("seawall-dashboard");
const [open, ...others] = [
  { measure: "open_circuits", threshold: 0 },
  { measure: "error_rate", threshold: 0.125, for: 500 },
  { measure: "p95", threshold: 2_000, for: 150_000 },
  { measure: "head_room", threshold: 0.1 },
  { measure: "head_room", threshold: 0.05, for: 10_000 },
  { measure: "waiting", threshold: 20 },
];
dashboard.texts = marked;
dashboard.rules = [];
dashboard.source = source;
listenTo(dashboard);

/** Shows a step, a number of seconds after the last one, and comes back when it was drawn. */
globalThis.show = (next, seconds = 1) =>
  new Promise((resolve) => {
    step = next;
    at += seconds * 1_000;
    shown = resolve;
    changed();
  });
globalThis.rule = (all) => {
  dashboard.rules = all ? [open, ...others] : [open];
};
globalThis.sign = (claims) => {
  holder = claims;
  dashboard.claims = () => holder;
};
/** Whoever looks is nobody when asked before the next act, and the buttons are still there. */
globalThis.signOut = () => {
  holder = undefined;
};
globalThis.refuse = () => {
  willing = false;
};
