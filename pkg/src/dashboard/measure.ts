/** What alert rules look at, measured from the latest reading and the last minute. */

import type { LimitSnapshot } from "../snapshot.js";
import type { Measure, Measured } from "./rules.js";
import type { Series } from "./series.js";
import type { Reading } from "./source.js";
import { isOpen } from "./words.js";

const SPAN = 60_000;
/** A rate of fewer calls says nothing. */
const FEWEST_CALLS = 5;

export function measure(reading: Reading, series: Series): { measured: Measured; subjects: Record<Measure, string> } {
  const open = reading.breakers.filter(({ state }) => isOpen(state)).map(({ key }) => key);
  const { answered, failed, latency } = series.span(SPAN);
  const tight = tightest(reading.limits);
  return {
    measured: {
      open_circuits: open.length,
      error_rate: answered + failed < FEWEST_CALLS ? null : failed / (answered + failed),
      p95: latency.count < FEWEST_CALLS ? null : latency.p95,
      head_room: tight ? share(tight) : null,
      waiting: reading.waiting,
    },
    subjects: { open_circuits: open.join(", "), error_rate: "", p95: "", head_room: tight?.name ?? "", waiting: "" },
  };
}

/** How much of a limit is left, as a share of it. */
export function share({ limit, remaining }: Pick<LimitSnapshot, "limit" | "remaining">): number {
  return limit <= 0 ? 0 : Math.min(1, Math.max(0, remaining / limit));
}

function tightest(limits: readonly LimitSnapshot[]): LimitSnapshot | undefined {
  return limits.reduce<LimitSnapshot | undefined>((least, limit) => (least && share(least) <= share(limit) ? least : limit), undefined);
}
