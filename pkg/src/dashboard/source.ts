/**
 * Where a dashboard's figures come from. This browser's guard is one source; a dashboard knows no other detail of it.
 */

import type { CacheFigures } from "../cache.js";
import type { OfflineEvent } from "../events.js";
import type { Guard } from "../guard.js";
import type { EndpointMetrics, Transition } from "../metrics/figures.js";
import { sumOf, totals } from "../metrics/totals.js";
import type { BreakerSnapshot, LimitSnapshot } from "../snapshot.js";
import type { Panel } from "./panel.js";
import type { DashboardTexts } from "./texts.js";
import { type Words, wordsOf } from "./words.js";

/**
 * What a hand may do to a circuit.
 *
 * @example
 * ```ts
 * import type { Move } from "seawall/dashboard";
 *
 * const moves: Move[] = ["forceOpen", "forceClosed", "disable", "reset"];
 * ```
 */
export type Move = "forceOpen" | "forceClosed" | "disable" | "reset";

/**
 * A few figures under a heading.
 *
 * @example
 * ```ts
 * import type { FigureGroup } from "seawall/dashboard";
 *
 * const group: FigureGroup = { title: "Uploads", figures: [{ name: "Waiting", value: "3", note: "12 MB" }] };
 * ```
 */
export interface FigureGroup {
  readonly title: string;
  readonly figures: readonly { readonly name: string; readonly value: string; readonly note?: string }[];
}

/**
 * A circuit as a dashboard shows it: one of a guard, or one of a server.
 *
 * @example
 * ```ts
 * import type { ShownBreaker } from "seawall/dashboard";
 *
 * const unwell = (breakers: readonly ShownBreaker[]) => breakers.filter(({ state }) => state !== "closed");
 * show(unwell(guard.snapshot().breakers).length);
 * ```
 */
export type ShownBreaker = Omit<BreakerSnapshot, "service" | "slow">;

/**
 * Everything a dashboard shows, at one moment.
 *
 * @example
 * ```ts
 * import { guardSource, type Reading } from "seawall/dashboard";
 *
 * const reading: Reading = await guardSource(guard).read();
 * show(reading.breakers, reading.waiting);
 * ```
 */
export interface Reading {
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** Since when the endpoints' figures were counted. */
  readonly since: number;
  readonly breakers: readonly ShownBreaker[];
  readonly limits: readonly LimitSnapshot[];
  readonly endpoints: readonly EndpointMetrics[];
  /** The latest transitions, the latest last. */
  readonly history: readonly Transition[];
  /** Calls under way, and those of them that wait for their turn. */
  readonly inflight: number;
  readonly waiting: number;
  /** What else there is: queue, cache, offline writes. */
  readonly groups: readonly FigureGroup[];
  /** Lists, with what may be done about their rows. */
  readonly panels?: readonly Panel[];
  /** Calls and limits are not counted here: what would show them is left out. */
  readonly uncounted?: boolean;
  /** Why there is nothing to show, in a few words. */
  readonly trouble?: string;
}

/**
 * Where a dashboard's figures come from.
 *
 * @example
 * ```ts
 * import { type DashboardSource, guardSource } from "seawall/dashboard";
 *
 * // The guard's figures, without the hand on its circuits.
 * const { move: _, ...watching } = guardSource(guard);
 * const source: DashboardSource = { ...watching, name: "The shop" };
 * ```
 */
export interface DashboardSource {
  /** What it is, in a few words: "This browser". */
  readonly name: string;
  read(): Promise<Reading>;
  /** Calls back when something changed that should be seen at once; returns the way to stop. */
  onChange(listener: () => void): () => void;
  /** Moves a circuit by hand; absent where one may only watch. */
  move?(breaker: string, move: Move): void | Promise<void>;
}

/**
 * This browser's guard as a source. Its metrics begin to count now if they did not before. `texts` are said in the
 * place of the built-in ones, by name.
 *
 * @example
 * ```ts
 * import { guardSource } from "seawall/dashboard";
 *
 * const { breakers, endpoints } = await guardSource(guard).read();
 * show(breakers.length, endpoints.length);
 * ```
 */
export function guardSource(guard: Guard, texts?: Partial<DashboardTexts>): DashboardSource {
  const words = wordsOf(texts);
  const offline = offlineFigures(guard, words);
  return {
    name: words.t.thisBrowser,
    async read() {
      const { since, endpoints, history } = await guard.metrics.snapshot();
      const { at, breakers, limits, calls, cache } = guard.snapshot();
      const { inflight, waiting } = calls;
      const groups = [queueOf(endpoints, waiting, words), ...cacheOf(cache, words), ...offline.groups(at)];
      return { at, since, breakers, limits, endpoints, history, inflight, waiting, groups };
    },
    onChange(listener) {
      const stops = [guard.on("transition", listener), guard.on("offline", offline.hear)];
      return () => stops.forEach((stop) => stop());
    },
    move(key, move) {
      guard.breakers.get(key)?.[move]();
    },
  };
}

/** What the cache saved; nothing where there is none, or nothing has passed through it. */
function cacheOf(figures: CacheFigures | null, { t, say, count, percent, bytes }: Words): FigureGroup[] {
  if (figures === null) return [];
  const { hits, stale, revalidated, misses, entries, bytes: size, place } = figures;
  const reads = hits + stale + revalidated + misses;
  return [
    {
      title: t.responseCache,
      figures: [
        { name: t.fresh, value: count(hits), note: reads === 0 ? "" : say("ofReads", { share: percent(hits / reads) }) },
        { name: t.stale, value: count(stale) },
        { name: t.unchanged, value: count(revalidated) },
        { name: t.fromServer, value: count(misses) },
        { name: t.kept, value: count(entries), note: say(place === "indexeddb" ? "onDisk" : "inMemory", { size: bytes(size) }) },
      ],
    },
  ];
}

/** The queue lies on the disk: it is read now and then, and again when it changed. */
const LIST_INTERVAL = 10_000;

/** What the offline queue holds, as it was last read; nothing where the guard has none. */
function offlineFigures(guard: Guard, { t, count }: Words): { groups(now: number): FigureGroup[]; hear(event: OfflineEvent): void } {
  let group: FigureGroup | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let absent = false;
  let replayed = 0;

  async function read(): Promise<void> {
    const writes = await guard.offline.list();
    const aside = writes.filter(({ state }) => state === "setAside").length;
    group = {
      title: t.offlineWrites,
      figures: [
        { name: t.queued, value: count(writes.length - aside) },
        { name: t.setAside, value: count(aside) },
        { name: t.replayed, value: count(replayed) },
      ],
    };
  }

  return {
    groups(now) {
      if (!absent && now - readAt >= LIST_INTERVAL) {
        readAt = now;
        read().catch(() => {
          absent = true;
        });
      }
      return group ? [group] : [];
    },
    hear({ state }) {
      readAt = Number.NEGATIVE_INFINITY;
      if (state === "replayed") replayed += 1;
    },
  };
}

function queueOf(endpoints: readonly EndpointMetrics[], waiting: number, { t, say, count, latency }: Words): FigureGroup {
  const { queue, joined, retries } = totals({ endpoints });
  return {
    title: t.callQueue,
    figures: [
      { name: t.waitingNow, value: count(waiting) },
      { name: t.waited, value: count(queue.count), note: queue.count === 0 ? "" : say("waitedP95", { span: latency(queue.p95) }) },
      { name: t.joinedWithOthers, value: count(sumOf(joined)) },
      { name: t.retries, value: count(retries) },
    ],
  };
}
