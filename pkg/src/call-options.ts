/**
 * What one call may ask of the guard beyond its policy.
 *
 * With a plain fetch they are an object, `guard.fetch(url, { seawall: { priority: "high" } })`. Through
 * supabase-js, where a header is all a caller can add, they are the header `x-seawall: priority=high`, which never
 * leaves the page.
 */

export const PRIORITIES = ["critical", "high", "normal", "low"] as const;
/**
 * Who goes first when calls wait for room.
 *
 * @example
 * ```ts
 * import type { Priority } from "seawall";
 *
 * const priority: Priority = document.hidden ? "low" : "normal";
 * await supabase.from("rooms").select().setHeader("x-seawall", `priority=${priority}`);
 * ```
 */
export type Priority = (typeof PRIORITIES)[number];

/** How a read uses the cache; the words are those of fetch's own `cache`. */
export const CACHE_MODES = ["default", "no-store", "reload", "only-if-cached"] as const;
/**
 * How one read uses the cache: the words of fetch's own `cache`.
 *
 * @example
 * ```ts
 * import type { CacheMode } from "seawall";
 *
 * const mode: CacheMode = navigator.onLine ? "default" : "only-if-cached";
 * await guard.fetch(`${url}/rest/v1/rooms`, { seawall: { cache: mode } });
 * ```
 */
export type CacheMode = (typeof CACHE_MODES)[number];

export const EDGES = ["leading", "trailing"] as const;
/**
 * Which of several debounced calls is sent: the first, at once, or the latest, once it was quiet.
 *
 * @example
 * ```ts
 * import type { Edge } from "seawall";
 *
 * const edge: Edge = "leading";
 * await guard.fetch(url, { method: "POST", body: "{}", seawall: { debounce: "save", edge } });
 * ```
 */
export type Edge = (typeof EDGES)[number];

/**
 * What a caller may ask for one call.
 *
 * @example
 * ```ts
 * import type { CallOptions } from "seawall";
 *
 * const seawall: CallOptions = { priority: "high", tags: ["rooms"] };
 * await guard.fetch(`${url}/rest/v1/rooms`, { seawall });
 * await supabase.from("rooms").select().setHeader("x-seawall", "priority=high; tags=rooms");
 * ```
 */
export interface CallOptions {
  /** Who goes first when calls wait for room. Default `normal`. */
  readonly priority?: Priority;
  /** Twice is the same as once: a write or rpc that may be repeated. `false`: it is not, whatever its headers say. */
  readonly idempotent?: boolean;
  /** `false` sends this read on its own, although the same one is under way. */
  readonly coalesce?: boolean;
  /** Whether this read, or this insert, may be joined with others of its kind. */
  readonly batch?: boolean;
  readonly cache?: CacheMode;
  /** Names by which a cached answer can be invalidated. */
  readonly tags?: readonly string[];
  /** `false` fails this write at once when there is no network, although writes are queued. */
  readonly offline?: boolean;
  /** Calls with the same key within {@link CallOptions.wait} milliseconds become one: the latest. */
  readonly debounce?: string;
  /** Milliseconds of quiet that a debounced call waits for. Default: the policy's `debounce.wait`. */
  readonly wait?: number;
  /** Which call of a burst is sent: the first, at once, or the latest, once it was quiet. Default `trailing`. */
  readonly edge?: Edge;
}

/**
 * What a guarded fetch takes: all that fetch does, and what is asked of the guard for this one call.
 *
 * @example
 * ```ts
 * import type { GuardedInit } from "seawall";
 *
 * const init: GuardedInit = { method: "POST", body: "{}", seawall: { idempotent: true } };
 * await guard.fetch(`${url}/rest/v1/rpc/recount`, init);
 * ```
 */
export interface GuardedInit extends RequestInit {
  readonly seawall?: CallOptions;
}

/** The header that carries them where there is no other way. */
export const OPTIONS_HEADER = "x-seawall";

export const NO_OPTIONS: CallOptions = Object.freeze({});
