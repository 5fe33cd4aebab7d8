/**
 * A server as a source: its admin API asked in turn, its events as they come.
 *
 * The admin API is limited like any other address, so each part is asked for at its own pace, sooner when an event says
 * that it changed, and not at all while the server asks for a pause.
 */

import type { Transition } from "../../metrics/figures.js";
import type { CircuitState, TransitionCause } from "../../vocabulary.js";
import type { Panel } from "../panel.js";
import type { DashboardSource, FigureGroup, Move, Reading, ShownBreaker } from "../source.js";
import type { DashboardTexts } from "../texts.js";
import { type Words, wordsOf } from "../words.js";
import { api, type Api, ServerRefusal } from "./api.js";
import { auditPanel, cacheGroup, cachePanel, deadLettersPanel, eventsPanel, healthGroup, type Heard, instancesPanel, jobsPanel, limitsPanel, queueGroup, sessionsPanel } from "./panels.js";
import type { Audit, Breakers, Cache, Health, Instances, Limits, Queue, Sessions } from "./shapes.js";
import { listen, type ServerEvent } from "./stream.js";
import { addressOf, type TokenProvider } from "./token.js";

const KEPT_EVENTS = 100;
const FORCES: Record<Move, string> = { forceOpen: "open", forceClosed: "closed", disable: "disable", reset: "reset" };

interface Parts {
  breakers: Breakers;
  instances: Instances;
  health: Health;
  limits: Limits;
  queue: Queue;
  jobs: Queue;
  sessions: Sessions;
  cache: Cache;
  audit: Audit;
}

/** How often each part is asked for, in milliseconds: all together 72 times a minute, below the 100 reads that a server lets by. */
const PACE: Record<keyof Parts, number> = {
  breakers: 3_000,
  instances: 5_000,
  health: 8_000,
  limits: 8_000,
  queue: 8_000,
  jobs: 8_000,
  cache: 10_000,
  sessions: 30_000,
  audit: 30_000,
};

/** Whoever may not look may be told so less often. */
const PAUSE = 3_000;
const MAY_NOT = [401, 403];
/** What a server does not have it will not have soon. */
const ABSENCE = 60_000;

/**
 * A server's admin API as a source. The token is asked for at each request and kept nowhere; `texts` are said in the
 * place of the built-in ones, by name.
 *
 * @example
 * ```ts
 * import { serverSource } from "seawall/dashboard";
 *
 * const source = serverSource("https://api.example.com", async () => (await supabase.auth.getSession()).data.session?.access_token);
 * const { breakers } = await source.read();
 * show(breakers.length);
 * ```
 */
export function serverSource(server: string, token: TokenProvider, texts?: Partial<DashboardTexts>): DashboardSource {
  const words = wordsOf(texts);
  const address = addressOf(server, globalThis.location?.href ?? server);
  const client = api(address, token, words);
  const parts: Partial<Parts> = {};
  const askedAt = new Map<keyof Parts, number>();
  const since = Date.now();
  const history: Transition[] = [];
  const events: Heard[] = [];
  let changed = (): void => {};
  let live = false;
  let query = "";
  let quietUntil = 0;
  let trouble: string | undefined;
  let place = 0;

  const paths: Record<keyof Parts, () => string> = {
    breakers: () => "admin/breakers",
    instances: () => "admin/instances",
    health: () => "health/detailed",
    limits: () => "admin/limits",
    queue: () => "admin/queue?state=dead&limit=20",
    jobs: () => "admin/queue?state=queued&limit=20",
    sessions: () => "admin/sessions",
    cache: () => "internal/cache-stats",
    audit: () => `admin/audit?limit=20${query}`,
  };

  async function refresh(): Promise<void> {
    const now = Date.now();
    if (now < quietUntil) return;
    const names = Object.keys(PACE) as (keyof Parts)[];
    const due = names.filter((name) => now - (askedAt.get(name) ?? Number.NEGATIVE_INFINITY) >= PACE[name]);
    due.forEach((name) => askedAt.set(name, now));
    await Promise.all(due.map((name) => ask(name).catch((error: unknown) => failed(name, error))));
  }

  async function ask<Name extends keyof Parts>(name: Name): Promise<void> {
    parts[name] = await client.get<Parts[Name]>(paths[name]());
    if (name === "breakers") trouble = undefined;
  }

  /** What a server does not have is not there; all else is said once, by the part that every server has. */
  function failed(name: keyof Parts, error: unknown): void {
    if (error instanceof ServerRefusal) {
      quietUntil = Math.max(quietUntil, Date.now() + (MAY_NOT.includes(error.status) ? PAUSE : error.wait));
      if (error.status === 404) askedAt.set(name, Date.now() + ABSENCE);
    }
    if (name !== "breakers") return;
    delete parts.breakers;
    trouble = inWords(error, words);
  }

  function hear(event: ServerEvent): void {
    const at = Number(event.data["atMs"] ?? Date.now());
    if (event.kind === "circuit_changed") {
      const { dependency, from, to, cause } = event.data as Record<string, string>;
      history.push({ at, breaker: String(dependency), from: from as CircuitState, to: to as CircuitState, cause: cause as TransitionCause });
      history.splice(0, history.length - KEPT_EVENTS);
    }
    events.push({ ...event, at, place: (place += 1) });
    events.splice(0, events.length - KEPT_EVENTS);
    soon("breakers", "instances");
  }

  function soon(...names: (keyof Parts)[]): void {
    names.forEach((name) => askedAt.delete(name));
    changed();
  }

  function search(text: string): void {
    query = text === "" ? "" : `&${searched(text)}=${encodeURIComponent(text)}`;
    soon("audit");
  }

  function panels(now: number): Panel[] {
    const { instances, limits, queue, jobs, sessions, cache, audit } = parts;
    return [
      ...(instances ? [instancesPanel(instances, words, now)] : []),
      eventsPanel(events, words, live),
      ...(limits ? [limitsPanel(limits, words, telling(client, soon, "limits"))] : []),
      ...(jobs ? [jobsPanel(jobs, words, telling(client, soon, "queue", "jobs"))] : []),
      ...(queue ? [deadLettersPanel(queue, words, telling(client, soon, "queue", "jobs"))] : []),
      ...(cache?.enabled ? [cachePanel(words, telling(client, soon, "cache"))] : []),
      ...(sessions ? [sessionsPanel(sessions, words, telling(client, soon, "sessions"))] : []),
      ...(audit ? [auditPanel(audit, words, search)] : []),
    ];
  }

  function groups(): FigureGroup[] {
    const { health, queue, cache } = parts;
    return [...(health ? [healthGroup(health, words)] : []), ...(queue ? [queueGroup(queue, words)] : []), ...(cache ? cacheGroup(cache, words) : [])];
  }

  return {
    name: address.host,
    async read(): Promise<Reading> {
      await refresh();
      const at = Date.now();
      return {
        at,
        since,
        breakers: (parts.breakers?.breakers ?? []).map(shown),
        limits: [],
        endpoints: [],
        history,
        inflight: 0,
        waiting: parts.health?.pool.waiting ?? 0,
        groups: trouble === undefined ? groups() : [],
        panels: trouble === undefined ? panels(at) : [],
        uncounted: true,
        ...(trouble === undefined ? {} : { trouble }),
      };
    },
    onChange(listener) {
      changed = listener;
      const opened = (): void => {
        live = true;
        soon("breakers", "instances", "limits", "queue", "jobs", "sessions");
      };
      const lost = (): void => {
        live = false;
        changed();
      };
      const stop = listen(client, { opened, heard: hear, lost });
      return () => {
        changed = () => {};
        stop();
      };
    },
    async move(breaker, move) {
      await client.send("POST", `admin/breakers/${encodeURIComponent(breaker)}`, { force: FORCES[move] });
      soon("breakers", "instances");
    },
  };
}

/** The same API, after whose changes a part is asked for again. */
function telling(client: Api, soon: (...names: (keyof Parts)[]) => void, ...names: (keyof Parts)[]): Api {
  return {
    ...client,
    async send(...request) {
      await client.send(...request);
      soon(...names);
    },
  };
}

/** By its shape: a path, a status, a request's id, or whoever asked. */
function searched(text: string): "target" | "status" | "request_id" | "subject" {
  if (/^[1-5]\d\d$/.test(text)) return "status";
  if (text.startsWith("/")) return "target";
  return /^[0-9a-f]{32}$/i.test(text) ? "request_id" : "subject";
}

function shown({ dependency, state, successes, failures, rejected, opened, retryAfterS, latencyMs }: Breakers["breakers"][number]): ShownBreaker {
  const ended = successes + failures;
  return {
    key: dependency,
    state,
    successes,
    failures,
    refused: rejected,
    opened,
    successRate: ended === 0 ? null : successes / ended,
    p50: latencyMs.p50,
    p95: latencyMs.p95,
    p99: latencyMs.p99,
    nextProbeIn: state === "open" && retryAfterS !== null ? retryAfterS * 1_000 : null,
  };
}

function inWords(error: unknown, { t }: Words): string {
  if (!(error instanceof ServerRefusal)) return t.unreachable;
  if (error.status === 401) return t.signIn;
  if (error.status === 403) return t.adminsOnly;
  return error.status === 429 ? t.pause : t.refuses;
}
