/** A server's lists: instances, who is near a limit, jobs, ended sessions, records, events. */

import type { Panel, PanelAct, PanelRow } from "../panel.js";
import type { FigureGroup } from "../source.js";
import type { Words } from "../words.js";
import type { Api } from "./api.js";
import type { Audit, Cache, Health, Instances, Limits, Queue, Sessions } from "./shapes.js";
import type { ServerEvent } from "./stream.js";

export interface Heard extends ServerEvent {
  readonly at: number;
  readonly place: number;
}

export function instancesPanel({ instances }: Instances, { t, span }: Words, now: number): Panel {
  const rows = instances.map(({ id, self, version, startedMs, breakers }): PanelRow => {
    const unwell = Object.entries(breakers).filter(([, state]) => state !== "closed");
    return {
      key: id,
      name: `${id.slice(-8)}${self ? ` (${t.thisOne})` : ""}`,
      value: unwell.length === 0 ? t.allClosed : unwell.map(([name, state]) => `${name} ${stateIn(t, state)}`).join(", "),
      note: `${version}, ${t.up} ${span(Math.max(0, now - startedMs))}`,
      tone: unwell.length === 0 ? "good" : "bad",
    };
  });
  return { id: "instances", title: t.instances, empty: t.instancesEmpty, rows };
}

export function limitsPanel({ nearest, enabled }: Limits, { t, count }: Words, api: Api): Panel {
  const rows = nearest.map(({ key, scope, limit, remaining, refused }): PanelRow => ({
    key,
    name: `${scope} ${key.slice(-12)}`,
    value: `${count(remaining)} ${t.of} ${count(limit)} ${t.left}`,
    note: refused === 0 ? "" : `${count(refused)} ${t.refused}`,
    ...(remaining === 0 ? { tone: "bad" as const } : {}),
    acts: [act(t.unblock, t.unblockDone, () => api.send("DELETE", `admin/limits/keys/${encodeURIComponent(key)}`))],
  }));
  return { id: "limits", title: t.limits, empty: enabled ? t.limitsEmpty : t.limitsOff, rows };
}

export function deadLettersPanel({ jobs }: Queue, words: Words, api: Api): Panel {
  const { t } = words;
  const rows = jobs.map((job): PanelRow => ({
    ...jobRow(job, words),
    value: job.code ?? t.dead,
    tone: "bad",
    acts: [act(t.retry, t.retryDone, () => api.send("POST", `jobs/${encodeURIComponent(job.id)}/retry`))],
  }));
  return { id: "dead-letters", title: t.deadLetters, empty: t.deadLettersEmpty, rows };
}

export function jobsPanel({ jobs }: Queue, words: Words, api: Api): Panel {
  const { t } = words;
  const rows = jobs.map((job): PanelRow => ({
    ...jobRow(job, words),
    value: job.code ?? t.waits,
    ...(job.code === null ? {} : { tone: "wait" as const }),
    acts: [act(t.cancel, t.cancelDone, () => api.send("POST", `jobs/${encodeURIComponent(job.id)}/cancel`))],
  }));
  return { id: "jobs", title: t.jobs, empty: t.jobsEmpty, rows };
}

function jobRow({ id, method, path, attempts, createdAt }: Queue["jobs"][number], { t, count, time }: Words): PanelRow {
  return { key: id, name: `${method} ${path}`, note: `${count(attempts)} ${t.attempts}, ${t.since} ${time(Date.parse(createdAt))}` };
}

export function cachePanel({ t }: Words, api: Api): Panel {
  const clear = (what: unknown): Promise<void> => api.send("POST", "internal/cache/invalidate", what);
  return {
    id: "cache",
    title: t.cache,
    empty: t.cacheEmpty,
    rows: [],
    acts: [act(t.clear, t.clearDone, () => clear({ everything: true }))],
    asks: [
      { field: t.table, label: t.clearTable, done: t.clearTableDone, run: (table) => clear({ tables: [table] }) },
      { field: t.tag, label: t.clearTag, done: t.clearTagDone, run: (tag) => clear({ tags: [tag] }) },
    ],
  };
}

/** Nobody is named: what was ended is known by its digest. */
export function sessionsPanel({ longest }: Sessions, { t, time }: Words, api: Api): Panel {
  const rows = longest.map(({ of, until_s }): PanelRow => ({
    key: of,
    name: of.slice(0, 12),
    note: `${t.until} ${time(until_s * 1_000)}`,
  }));
  const end = (what: unknown): Promise<void> => api.send("POST", "admin/sessions/revoke", what);
  return {
    id: "sessions",
    title: t.sessions,
    empty: t.sessionsEmpty,
    rows,
    asks: [
      { field: t.user, label: t.endUser, done: t.endUserDone, run: (user) => end({ user }) },
      { field: t.session, label: t.endSession, done: t.endSessionDone, run: (session) => end({ session }) },
    ],
  };
}

export function auditPanel({ records }: Audit, { t, time }: Words, search: (text: string) => void): Panel {
  const rows = records.map(({ id, at, method, target, route, status, outcome, subject }): PanelRow => ({
    key: id,
    name: `${method} ${target ?? route}`,
    value: `${status} ${outcome}`,
    note: `${time(Date.parse(at))}${subject === null ? "" : `, ${subject}`}`,
    ...(status >= 500 ? { tone: "bad" as const } : {}),
  }));
  return { id: "audit", title: t.audit, empty: t.auditEmpty, rows, search: { label: t.auditSearch, button: t.search, run: search } };
}

export function eventsPanel(events: readonly Heard[], { t, time }: Words, live: boolean): Panel {
  const rows = [...events].reverse().map(({ at, kind, data, place }): PanelRow => ({
    key: String(place),
    name: kind.replaceAll("_", " "),
    value: ["what", "part", "dependency", "table", "missed"].flatMap((name) => (name in data ? [String(data[name])] : [])).join(" "),
    note: `${time(at)}${typeof data["details"] === "string" ? `, ${data["details"]}` : ""}`,
    ...(kind === "security" || kind === "degraded" ? { tone: "bad" as const } : {}),
  }));
  return { id: "events", title: live ? t.eventsLive : t.eventsLost, empty: t.eventsEmpty, rows };
}

export function healthGroup({ rls_failures, pool, version }: Health, { t, count }: Words): FigureGroup {
  return {
    title: t.server,
    figures: [
      { name: t.version, value: version },
      { name: t.rlsFailures, value: count(rls_failures.last_5min) },
      { name: t.connections, value: count(pool.active), note: `${count(pool.idle)} ${t.idle}, ${count(pool.waiting)} ${t.callsWait}` },
    ],
  };
}

export function queueGroup({ queued, running, dead, oldestS }: Queue, { t, count, span }: Words): FigureGroup {
  return {
    title: t.queue,
    figures: [
      { name: t.queued, value: count(queued), note: queued === 0 ? "" : `${t.oldest} ${span(oldestS * 1_000)}` },
      { name: t.running, value: count(running) },
      { name: t.deadLetters, value: count(dead) },
    ],
  };
}

export function cacheGroup({ instance }: Cache, { t, bytes, count, percent }: Words): FigureGroup[] {
  if (!instance) return [];
  const { hits, stale, misses, hitRate, entries, bytes: size } = instance;
  return [
    {
      title: t.cacheFigures,
      figures: [
        { name: t.fresh, value: count(hits), note: hits + stale + misses === 0 ? "" : `${percent(hitRate)} ${t.withStale}` },
        { name: t.stale, value: count(stale) },
        { name: t.misses, value: count(misses) },
        { name: t.kept, value: count(entries), note: bytes(size) },
      ],
    },
  ];
}

/** A state that a newer server knows is shown as it is. */
function stateIn(t: Words["t"], state: string): string {
  const name = `state_${state}`;
  return Object.hasOwn(t, name) ? t[name as keyof typeof t] : state;
}

function act(label: string, done: string, run: () => Promise<void>): PanelAct {
  return { label, done, run };
}
