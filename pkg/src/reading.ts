/** What is counted of calls, and the limits as they are before any. */

import type { Settings } from "./settings.js";
import type { CallCounts, LimitSnapshot } from "./snapshot.js";
import { CLASSES } from "./vocabulary.js";

/** The quotas of the policy, where no endpoint says otherwise. */
export function limitsUnused(settings: Settings): LimitSnapshot[] {
  return CLASSES.map((name) => {
    const service = name === "rpc" || name === "auth" ? name : "rest";
    const place = { service, endpoint: "" } as const;
    const limit = settings.number(`limits.${name}.limit`, place);
    return { name, class: name, endpoint: null, limit, window: settings.number(`limits.${name}.window`, place), remaining: limit };
  });
}

/** What every call adds to, whether or not anybody listens. */
export interface Counter {
  call(ok: boolean, attempts: number): void;
  readonly counts: Omit<CallCounts, "inflight" | "waiting">;
}

export function createCounter(): Counter {
  const counts = { total: 0, succeeded: 0, failed: 0, refused: 0, retries: 0 };
  return {
    counts,
    call(ok, attempts) {
      counts.total += 1;
      counts.retries += Math.max(0, attempts - 1);
      if (ok) counts.succeeded += 1;
      else if (attempts === 0) counts.refused += 1;
      else counts.failed += 1;
    },
  };
}
