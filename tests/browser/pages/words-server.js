// A dashboard of a server whose admin API is a stand-in without letters: full, empty, or refusing. What a real server
// shows is in the other tests.

import "/seawall/dashboard.js";
import { listenTo, marked } from "/words.js";

const NOW = Date.now();
const job = { id: "1", method: "+", path: "/1", attempts: 2, code: null, createdAt: new Date(NOW).toISOString() };
const breaker = { dependency: "№1", state: "closed", successes: 1, failures: 0, rejected: 0, opened: 0, retryAfterS: null, latencyMs: { p50: 1, p95: 2, p99: 3 } };
const instance = { id: "1", self: true, version: "1", startedMs: NOW - 5_000, breakers: { "№1": "half_open" } };
const limit = { key: "1", scope: "№", limit: 10, remaining: 0, refused: 3 };
const cache = { hits: 5, stale: 1, misses: 1, hitRate: 0.8, entries: 3, bytes: 3_400_000 };

const FULL = {
  "/admin/breakers": { breakers: [breaker] },
  "/admin/instances": { instances: [instance, { ...instance, id: "2", self: false, breakers: {} }] },
  "/health/detailed": { version: "1", rls_failures: { last_5min: 0 }, pool: { active: 1, idle: 1, waiting: 0 } },
  "/admin/limits": { enabled: true, nearest: [limit] },
  "/admin/queue": { queued: 1, running: 1, dead: 1, oldestS: 5, jobs: [job] },
  "/internal/cache-stats": { enabled: true, instance: cache },
  "/admin/sessions": { revoked: 1, longest: [{ of: "1", until_s: NOW / 1_000 }] },
  "/admin/audit": { records: [{ id: "1", at: new Date(NOW).toISOString(), method: "+", target: "/1", route: "/1", status: 200, outcome: "✓", subject: null }] },
};
const EMPTY = {
  ...FULL,
  "/admin/instances": { instances: [] },
  "/admin/limits": { enabled: true, nearest: [] },
  "/admin/queue": { queued: 0, running: 0, dead: 0, oldestS: 0, jobs: [] },
  "/internal/cache-stats": { enabled: true, instance: { ...cache, hits: 0, bytes: 3_400 } },
  "/admin/sessions": { revoked: 0, longest: [] },
  "/admin/audit": { records: [] },
};

let answers = EMPTY;
let status = 200;
let willing = true;
let token;
let stream;

globalThis.fetch = async (url, { method = "GET" } = {}) => {
  if (status === 0) throw new TypeError("✗");
  const { pathname } = new URL(url);
  if (status !== 200) return new Response("✗", { status });
  if (method !== "GET") return new Response("✓", { status: willing ? 200 : 500 });
  if (pathname === "/admin/events") {
    const body = new ReadableStream({ start: (controller) => (stream = controller) });
    return new Response(body);
  }
  return Response.json(answers[pathname]);
};

const dashboard = document.querySelector("seawall-dashboard");
dashboard.claims = { app_metadata: { role: "admin" } };
dashboard.server = location.origin;
dashboard.texts = marked;
listenTo(dashboard);

/** Begins anew with a server that is full, empty or off, or answers with that status. */
globalThis.begin = (what) => {
  status = typeof what === "number" ? what : 200;
  answers = what === "full" ? FULL : what === "off" ? { ...EMPTY, "/admin/limits": { enabled: false, nearest: [] } } : EMPTY;
  token = "1";
  stream = undefined;
  dashboard.token = () => token;
};
globalThis.refuse = () => {
  willing = false;
};
/** Acts when the token is gone, and everything is still on the screen. */
globalThis.forget = () => {
  token = undefined;
  dashboard.shadowRoot.querySelector("[data-panel=limits] li button").click();
};
/** The stream of the dashboard as it is now, once it is open. */
async function opened() {
  while (!stream) await new Promise((resolve) => setTimeout(resolve, 20));
  return stream;
}
globalThis.tell = async () => (await opened()).enqueue(new TextEncoder().encode('event: 1\ndata: {"part":"1"}\n\n'));
globalThis.cut = async () => (await opened()).close();
