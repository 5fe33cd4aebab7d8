/** What the admin API answers, as far as it is shown. */

import type { CircuitState } from "../../vocabulary.js";

export interface Breakers {
  readonly breakers: readonly {
    readonly dependency: string;
    readonly state: CircuitState;
    readonly successes: number;
    readonly failures: number;
    readonly rejected: number;
    readonly opened: number;
    readonly retryAfterS: number | null;
    readonly latencyMs: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };
  }[];
}

export interface Instances {
  readonly instances: readonly {
    readonly id: string;
    readonly self: boolean;
    readonly version: string;
    readonly startedMs: number;
    readonly breakers: Readonly<Record<string, string>>;
  }[];
}

export interface Limits {
  readonly enabled: boolean;
  readonly degraded: boolean;
  readonly leftUnderStress: number;
  readonly nearest: readonly {
    readonly key: string;
    readonly scope: string;
    readonly limit: number;
    readonly remaining: number;
    readonly refused: number;
  }[];
}

export interface Cache {
  readonly enabled: boolean;
  readonly instance?: {
    readonly hits: number;
    readonly stale: number;
    readonly misses: number;
    readonly hitRate: number;
    readonly entries: number;
    readonly bytes: number;
  };
}

export interface Queue {
  readonly queued: number;
  readonly running: number;
  readonly dead: number;
  readonly oldestS: number;
  readonly jobs: readonly {
    readonly id: string;
    readonly method: string;
    readonly path: string;
    readonly attempts: number;
    readonly code: string | null;
    readonly createdAt: string;
  }[];
}

export interface Sessions {
  readonly revoked: number;
  readonly longest: readonly { readonly of: string; readonly until_s: number; readonly issued_by_s?: number }[];
}

export interface Audit {
  readonly records: readonly {
    readonly id: string;
    readonly at: string;
    readonly method: string;
    readonly target: string | null;
    readonly route: string;
    readonly status: number;
    readonly outcome: string;
    readonly subject: string | null;
  }[];
}

export interface Health {
  readonly version: string;
  readonly rls_failures: { readonly last_5min: number };
  readonly pool: { readonly active: number; readonly idle: number; readonly waiting: number };
}
