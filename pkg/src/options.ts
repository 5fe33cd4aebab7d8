/**
 * What `createGuard` accepts, sorted: settings of the policy, and what belongs to the page alone.
 *
 * Names, bounds and defaults of settings are the table's; what has a type here is only what most people need.
 */

import { OptionError } from "./errors.js";
import type { Explanation, Messages } from "./messages.js";
import type { MetricsOptions } from "./metrics/options.js";
import { type OfflineOptions, offlineSettings } from "./offline/options.js";
import { type Given, isRecord, readSettings, shown } from "./settings.read.js";
import type { Service } from "./vocabulary.js";

/**
 * When a circuit opens, and how it closes again. All times in milliseconds.
 *
 * @example
 * ```ts
 * import { type BreakerOptions, createGuard } from "seawall";
 *
 * const breaker: BreakerOptions = { failureThreshold: 3, resetTimeout: 10_000 };
 * createGuard({ breaker, endpoints: { "/rest/v1/reports": { breaker: { failureThreshold: 1 } } } });
 * ```
 */
export interface BreakerOptions {
  /** Failures within `monitoringPeriod` that open the circuit. Default 5. */
  failureThreshold?: number;
  /** The sliding window that failures are counted in. Default 10,000. */
  monitoringPeriod?: number;
  /** How long an open circuit waits before it lets a probe through. Default 30,000. */
  resetTimeout?: number;
  /** Successful probes that close the circuit. Default 2. */
  successThreshold?: number;
  /** Any other breaker setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | undefined;
}

/**
 * How failed attempts are repeated.
 *
 * @example
 * ```ts
 * import { createGuard, type RetryOptions } from "seawall";
 *
 * const retry: RetryOptions = { attempts: 2, baseDelay: 100, maxDelay: 1_000 };
 * createGuard({ retry });
 * ```
 */
export interface RetryOptions {
  /** Requests per call at most, the first included. */
  attempts?: number;
  /** The first wait; later ones grow, with full jitter. */
  baseDelay?: number;
  /** The longest wait. */
  maxDelay?: number;
  /** Any other retry setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | undefined;
}

/**
 * A sliding window: at most `limit` calls in any `window` milliseconds.
 *
 * @example
 * ```ts
 * import { createGuard, type QuotaOptions } from "seawall";
 *
 * const patient: QuotaOptions = { limit: 10, window: 1_000 };
 * createGuard({ limits: { writes: patient } });
 * ```
 */
export interface QuotaOptions {
  limit?: number;
  window?: number;
  /** Any other limit setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | undefined;
}

/**
 * The quotas per class of operation.
 *
 * @example
 * ```ts
 * import { createGuard, type LimitOptions } from "seawall";
 *
 * const limits: LimitOptions = { reads: { limit: 300 }, rpc: { limit: 10, window: 60_000 }, maxWait: 0 };
 * createGuard({ limits });
 * ```
 */
export interface LimitOptions {
  reads?: QuotaOptions;
  writes?: QuotaOptions;
  rpc?: QuotaOptions;
  auth?: QuotaOptions;
  /** Any other limit setting of the policy document, by its name there. */
  [setting: string]: QuotaOptions | number | boolean | string | undefined;
}

/**
 * How many attempts may be under way, and who waits for a place.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 *
 * createGuard({ inflight: { max: 8, maxQueue: 100 } });
 * ```
 */
export interface InflightOptions {
  /** So many at least, however much the server is under stress. Default 2. */
  min?: number;
  /** So many at most, 16 to begin with; 0 for no cap. Default 64. */
  max?: number;
  /** How many calls may wait for a place. Default 1,000. */
  maxQueue?: number;
  /** Milliseconds a call waits for a place; 0 for as long as it may take at all, which is the default. */
  maxWait?: number;
}

/**
 * How refreshes of the session are kept from becoming a storm.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 *
 * createGuard({ refresh: { patience: 5_000, maxPause: 300_000 } });
 * ```
 */
export interface RefreshOptions {
  /** Milliseconds a tab waits for another that is refreshing, and takes its answer for its own. Default 10,000. */
  patience?: number;
  /** The longest pause after a first 429; doubled for each further one. Default 60,000. */
  pause?: number;
  /** The longest of all pauses. Default 900,000. */
  maxPause?: number;
}

/**
 * Which answers are kept, and for how long.
 *
 * @example
 * ```ts
 * import { type CacheOptions, createGuard } from "seawall";
 *
 * const cache: CacheOptions = { ttl: 30_000, writes: { "rpc/close_room": ["rooms"] } };
 * createGuard({ cache });
 * ```
 */
export interface CacheOptions {
  /** Milliseconds an answer is fresh: given without asking the server. Default 60,000. */
  ttl?: number;
  /** Milliseconds after that in which it is given at once while a new one is fetched. Default 300,000. */
  staleTtl?: number;
  /** Milliseconds it is kept from the beginning, for when the server cannot be had. Default a day. */
  keepTtl?: number;
  /** What reading a view or a function (`rpc/name`) reads besides: `{ room_summary: ["rooms", "messages"] }`. */
  reads?: { readonly [name: string]: readonly string[] };
  /** What a function (`rpc/name`), or a write to a table with triggers, changes besides. */
  writes?: { readonly [name: string]: readonly string[] };
  /** Any other cache setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | { readonly [name: string]: readonly string[] } | undefined;
}

/**
 * Whether, and how, reads that differ in one filter become one request.
 *
 * @example
 * ```ts
 * import { type BatchOptions, createGuard } from "seawall";
 *
 * const batch: BatchOptions = { delay: 10, maxSize: 50 };
 * createGuard({ batch });
 * ```
 */
export interface BatchOptions {
  enabled?: boolean;
  /** Milliseconds a read waits for others of its kind. Default 5. */
  delay?: number;
  /** Reads, or inserts, in one request at most. Default 100. */
  maxSize?: number;
}

/**
 * Whether, and from which length on, lists too long for a URL are asked for in parts.
 *
 * @example
 * ```ts
 * import { createGuard, type SplitOptions } from "seawall";
 *
 * const split: SplitOptions = { maxUrl: 4_000 };
 * createGuard({ split });
 * ```
 */
export interface SplitOptions {
  enabled?: boolean;
  /** Characters of a URL at most. Default 8,000. */
  maxUrl?: number;
}

/**
 * Every setting both sides share. A server publishes one at `/policy`.
 *
 * @example
 * ```ts
 * import { createGuard, type PolicyDocument } from "seawall";
 *
 * const policy: PolicyDocument = { timeout: 5_000, services: { functions: { timeout: 60_000 } } };
 * createGuard({ policy });
 * createGuard({ policy: "https://api.example.com" });
 * ```
 */
export interface PolicyDocument {
  breaker?: BreakerOptions;
  /** Milliseconds one attempt may take. Default 10,000. */
  timeout?: number;
  /** Milliseconds the whole call may take, waits and retries included. */
  deadline?: number;
  retry?: RetryOptions;
  limits?: LimitOptions;
  inflight?: InflightOptions;
  /** Whether identical reads under way share one request. On by default. */
  coalesce?: boolean;
  /** Whether reads that differ in one filter become one request. Off by default. */
  batch?: boolean | BatchOptions;
  /** Whether lists too long for a URL are asked for in parts. On by default. */
  split?: boolean | SplitOptions;
  /** How long it must be quiet before a debounced call is sent. Default 250. */
  debounce?: { wait?: number };
  /** Settings for one service only. */
  services?: { [service in Service]?: PolicyDocument };
  /** Settings for one endpoint only, by its path: `/rest/v1/messages`. */
  endpoints?: { [path: string]: PolicyDocument };
  /** Other settings of the policy document; an unknown one is refused by name. */
  [setting: string]: unknown;
}

/**
 * The options of {@link createGuard}, all optional.
 *
 * @example
 * ```ts
 * import { createGuard, type GuardOptions } from "seawall";
 *
 * const options: GuardOptions = {
 *   timeout: 5_000,
 *   retry: { attempts: 2 },
 *   limits: { writes: { limit: 60 } },
 *   services: { storage: { timeout: 60_000 } },
 * };
 * const guard = createGuard(options);
 * ```
 */
export interface GuardOptions {
  breaker?: BreakerOptions;
  /** Milliseconds one attempt may take. Default 10,000. */
  timeout?: number;
  /** Milliseconds the whole call may take, waits and retries included. */
  deadline?: number;
  retry?: RetryOptions;
  limits?: LimitOptions;
  inflight?: InflightOptions;
  /** Whether identical reads under way share one request. On by default. */
  coalesce?: boolean;
  /** Whether reads that differ in one filter become one request. Off by default. */
  batch?: boolean | BatchOptions;
  /** Whether lists too long for a URL are asked for in parts. On by default. */
  split?: boolean | SplitOptions;
  /** How long it must be quiet before a debounced call is sent. Default 250. */
  debounce?: { wait?: number };
  refresh?: RefreshOptions;
  services?: PolicyDocument["services"];
  endpoints?: PolicyDocument["endpoints"];
  /**
   * `auto` keeps the state of breakers and limits in localStorage where there is one and shares it with other tabs;
   * `memory` forgets it with the page, and shares nothing.
   */
  storage?: "auto" | "memory";
  /** Guards of one origin share their state if they have the same name: one for each backend. */
  name?: string;
  /**
   * What becomes of calls where the guard itself cannot be loaded, as under a content security policy without
   * `'wasm-unsafe-eval'`: sent as if there were no guard, which is the default, or failed with a
   * `GuardUnavailableError`. The event `unavailable` and the console tell of it; `seawall/js` can always be loaded.
   */
  unavailable?: "passThrough" | "fail";
  /** Queues writes while there is no network. */
  offline?: boolean | OfflineOptions;
  /** Keeps answers to reads: given again while fresh, while stale with a look at the server, and in an outage. */
  cache?: boolean | CacheOptions;
  /** Counts from the start, and sends what is counted if it says where to. */
  metrics?: boolean | MetricsOptions;
  /** The project's address, `https://project.supabase.co`, for `guard.from()` and `guard.rpc()`. */
  url?: string;
  /** The project's key, for the same. */
  key?: string;
  /** The token of whoever is signed in, asked before each query of the same; null where nobody is. */
  accessToken?: () => Promise<string | null>;
  /** Sentences in the place of the English ones, by category and by code; a function is asked each time. */
  messages?: Messages | (() => Messages | Promise<Messages>);
  /** Hears of every failure, explained: for logs and reports. Nothing of tokens or bodies is in it. */
  onError?: (explanation: Explanation) => void;
  /** The policy document, or the address of a server that publishes one. The options above override it. */
  policy?: PolicyDocument | string | URL;
}

/** The options, sorted by who understands them. */
export interface ReadOptions {
  /** The document's settings first, so that the page's own override them. */
  readonly settings: readonly Given[];
  readonly storage: "auto" | "memory";
  readonly name: string | undefined;
  readonly unavailable: "passThrough" | "fail";
  readonly metrics: boolean | MetricsOptions | undefined;
  readonly policyAddress: string | undefined;
}

export function readOptions(options: GuardOptions): ReadOptions {
  if (!isRecord(options)) throw new OptionError("options", "the options are an object");
  const { storage = "auto", unavailable = "passThrough", name, policy, metrics, offline, messages: _, onError: __, url: ___, key: ____, accessToken: _____, ...settings } = options;
  if (storage !== "auto" && storage !== "memory") {
    throw new OptionError("storage", `storage is "auto" or "memory", not ${shown(storage)}`);
  }
  if (unavailable !== "passThrough" && unavailable !== "fail") {
    throw new OptionError("unavailable", `unavailable is "passThrough" or "fail", not ${shown(unavailable)}`);
  }
  if (name !== undefined && typeof name !== "string") throw new OptionError("name", `name is a text, not ${shown(name)}`);
  const address = typeof policy === "string" || policy instanceof URL ? policyAddress(policy) : undefined;
  const document = address === undefined && policy !== undefined ? readSettings(policy, "policy", false) : [];
  const own = readSettings({ ...withoutRelations(settings), offline: offlineSettings(offline) }, "options", true);
  return { settings: [...document, ...own], storage, unavailable, name, metrics: metrics as GuardOptions["metrics"], policyAddress: address };
}

/** What a cache is told of the database is no setting: it belongs to the page. */
function withoutRelations(settings: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(settings["cache"])) return settings;
  const { reads, writes, ...cache } = settings["cache"];
  return { ...settings, cache };
}

/** The server's own address is enough; a longer one is taken as it is. */
function policyAddress(policy: string | URL): string {
  let address: URL;
  try {
    address = new URL(policy);
  } catch {
    throw new OptionError("policy", `policy is a document or an absolute address, not ${shown(policy)}`);
  }
  if (address.protocol !== "http:" && address.protocol !== "https:") {
    throw new OptionError("policy", `policy is fetched by http or https, not ${address.protocol}`);
  }
  if (address.pathname === "/") address.pathname = "/policy";
  return address.href;
}
