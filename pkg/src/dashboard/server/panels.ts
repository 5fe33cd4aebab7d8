/** A server's lists: instances, who is near a limit, dead letters, records, events. */

import type { Panel, PanelAct, PanelRow } from "../panel.js";
import type { FigureGroup } from "../source.js";
import { bytes, clock, count, percent, span } from "../words.js";
import type { Api } from "./api.js";
import type { Audit, Cache, Health, Instances, Limits, Queue } from "./shapes.js";
import type { ServerEvent } from "./stream.js";

export interface Heard extends ServerEvent {
  readonly at: number;
  readonly place: number;
}

export function instancesPanel({ instances }: Instances, now: number): Panel {
  const rows = instances.map(({ id, self, version, startedMs, breakers }): PanelRow => {
    const unwell = Object.entries(breakers).filter(([, state]) => state !== "closed");
    return {
      key: id,
      name: `${id.slice(-8)}${self ? " (this one)" : ""}`,
      value: unwell.length === 0 ? "all circuits closed" : unwell.map(([name, state]) => `${name} ${state.replace("_", " ")}`).join(", "),
      note: `${version}, up ${span(Math.max(0, now - startedMs))}`,
      tone: unwell.length === 0 ? "good" : "bad",
    };
  });
  return { id: "instances", title: "Instances", empty: "No instance is known.", rows };
}

export function limitsPanel({ nearest, enabled }: Limits, api: Api): Panel {
  const rows = nearest.map(({ key, scope, limit, remaining, refused }): PanelRow => ({
    key,
    name: `${scope} ${key.slice(-12)}`,
    value: `${count(remaining)} of ${count(limit)} left`,
    note: refused === 0 ? "" : `${count(refused)} refused`,
    ...(remaining === 0 ? { tone: "bad" as const } : {}),
    acts: [act("Unblock", "has its whole burst again", () => api.send("DELETE", `admin/limits/keys/${encodeURIComponent(key)}`))],
  }));
  return { id: "limits", title: "Near a limit", empty: enabled ? "Nobody is near a limit." : "Limits are switched off.", rows };
}

export function deadLettersPanel({ jobs }: Queue, api: Api): Panel {
  const rows = jobs.map(({ id, method, path, attempts, code, createdAt }): PanelRow => ({
    key: id,
    name: `${method} ${path}`,
    value: code ?? "dead",
    note: `${attempts === 1 ? "1 attempt" : `${count(attempts)} attempts`}, since ${clock.format(new Date(createdAt))}`,
    tone: "bad",
    acts: [act("Retry", "is queued again", () => api.send("POST", `jobs/${encodeURIComponent(id)}/retry`))],
  }));
  return { id: "dead-letters", title: "Dead letters", empty: "No write has failed for good.", rows };
}

export function cachePanel(api: Api): Panel {
  const clear = act("Clear", "is empty on every instance", () => api.send("POST", "internal/cache/invalidate", { everything: true }));
  return { id: "cache", title: "Response cache", empty: "Throwing everything away costs the database one read for each answer.", rows: [], acts: [clear] };
}

export function auditPanel({ records }: Audit, search: (text: string) => void): Panel {
  const rows = records.map(({ id, at, method, target, route, status, outcome, subject }): PanelRow => ({
    key: id,
    name: `${method} ${target ?? route}`,
    value: `${status} ${outcome}`,
    note: `${clock.format(new Date(at))}${subject === null ? "" : `, ${subject}`}`,
    ...(status >= 500 ? { tone: "bad" as const } : {}),
  }));
  return { id: "audit", title: "Audit", empty: "Nothing was found.", rows, search: { label: "Subject, path, status or request id", run: search } };
}

export function eventsPanel(events: readonly Heard[], live: boolean): Panel {
  const rows = [...events].reverse().map(({ at, kind, data, place }): PanelRow => ({
    key: String(place),
    name: kind.replaceAll("_", " "),
    value: ["what", "part", "dependency", "table", "missed"].flatMap((name) => (name in data ? [String(data[name])] : [])).join(" "),
    note: `${clock.format(at)}${typeof data["details"] === "string" ? `, ${data["details"]}` : ""}`,
    ...(kind === "security" || kind === "degraded" ? { tone: "bad" as const } : {}),
  }));
  return { id: "events", title: live ? "Events, live" : "Events, reconnecting", empty: "Nothing has happened since this page listens.", rows };
}

export function healthGroup({ rls_failures, pool, version }: Health): FigureGroup {
  return {
    title: "Server",
    figures: [
      { name: "Version", value: version },
      { name: "RLS failures, five minutes", value: count(rls_failures.last_5min) },
      { name: "Connections in use", value: count(pool.active), note: `${count(pool.idle)} idle, ${count(pool.waiting)} calls wait` },
    ],
  };
}

export function queueGroup({ queued, running, dead, oldestS }: Queue): FigureGroup {
  return {
    title: "Write queue",
    figures: [
      { name: "Queued", value: count(queued), note: queued === 0 ? "" : `oldest ${span(oldestS * 1_000)}` },
      { name: "Running", value: count(running) },
      { name: "Dead letters", value: count(dead) },
    ],
  };
}

export function cacheGroup({ instance }: Cache): FigureGroup[] {
  if (!instance) return [];
  const { hits, stale, misses, hitRate, entries, bytes: size } = instance;
  return [
    {
      title: "Cache",
      figures: [
        { name: "Answered fresh", value: count(hits), note: hits + stale + misses === 0 ? "" : `${percent(hitRate)} with stale` },
        { name: "Answered stale", value: count(stale) },
        { name: "From the database", value: count(misses) },
        { name: "Kept", value: count(entries), note: bytes(size) },
      ],
    },
  ];
}

function act(label: string, done: string, run: () => Promise<void>): PanelAct {
  return { label, done, run };
}
