/**
 * The words the package and the core share, in the order of the core's numbers.
 *
 * The hot path crosses the boundary with numbers only; these lists give them their names back. A test
 * asks the core for its own names and compares.
 */

/**
 * Every service of a Supabase project, in the core's order: each has a breaker of its own.
 *
 * @example
 * ```ts
 * import { SERVICES } from "seawall";
 *
 * for (const service of SERVICES) show(service, guard.breakers.get(service)?.state);
 * ```
 */
export const SERVICES = ["rest", "rpc", "auth", "storage", "functions"] as const;
/**
 * A service of a Supabase project.
 *
 * @example
 * ```ts
 * import type { Service } from "seawall";
 *
 * function isOpen(service: Service) {
 *   return guard.breakers.get(service)?.state === "open";
 * }
 * ```
 */
export type Service = (typeof SERVICES)[number];

/**
 * Every class of operation, in the core's order: each has limits of its own.
 *
 * @example
 * ```ts
 * import { CLASSES, createGuard } from "seawall";
 *
 * createGuard({ limits: Object.fromEntries(CLASSES.map((name) => [name, { limit: 1_000 }])) });
 * ```
 */
export const CLASSES = ["reads", "writes", "rpc", "auth"] as const;
/**
 * What a call does.
 *
 * @example
 * ```ts
 * import type { OperationClass } from "seawall";
 *
 * function remaining(name: OperationClass) {
 *   return guard.snapshot().limits.filter((limit) => limit.class === name);
 * }
 * ```
 */
export type OperationClass = (typeof CLASSES)[number];

/**
 * Every category of failure, in the core's order.
 *
 * @example
 * ```ts
 * import { CATEGORIES } from "seawall";
 *
 * const counts = Object.fromEntries(CATEGORIES.map((category) => [category, 0]));
 * ```
 */
export const CATEGORIES = [
  "network",
  "offline",
  "timeout",
  "rate_limited",
  "circuit_open",
  "auth",
  "permission",
  "not_found",
  "conflict",
  "validation",
  "database_transient",
  "database_permanent",
  "server",
  "aborted",
] as const;
/**
 * What kind of failure something is.
 *
 * @example
 * ```ts
 * import { type Category, GuardError } from "seawall";
 *
 * function categoryOf(error: unknown): Category | undefined {
 *   return error instanceof GuardError ? error.category : undefined;
 * }
 * ```
 */
export type Category = (typeof CATEGORIES)[number];

/**
 * Every state of a circuit, in the core's order.
 *
 * @example
 * ```ts
 * import { CIRCUIT_STATES } from "seawall";
 *
 * const legend = CIRCUIT_STATES.map((state) => state.replace("_", "-"));
 * ```
 */
export const CIRCUIT_STATES = [
  "closed",
  "open",
  "half_open",
  "forced_open",
  "forced_closed",
  "disabled",
  "metrics_only",
] as const;
/**
 * What a circuit does: closed lets calls pass, open rejects them, half-open lets probes pass. The last four
 * are a hand's or the policy's: always open, always closed, not watching, watching without refusing.
 *
 * @example
 * ```ts
 * import type { CircuitState } from "seawall";
 *
 * const colours: Partial<Record<CircuitState, string>> = { closed: "green", half_open: "amber", open: "red" };
 * ```
 */
export type CircuitState = (typeof CIRCUIT_STATES)[number];

/**
 * Every cause of a transition, in the core's order.
 *
 * @example
 * ```ts
 * import { TRANSITION_CAUSES } from "seawall";
 *
 * const counts = new Map(TRANSITION_CAUSES.map((cause) => [cause, 0]));
 * guard.on("transition", ({ cause }) => counts.set(cause, (counts.get(cause) ?? 0) + 1));
 * ```
 */
export const TRANSITION_CAUSES = [
  "failure_count",
  "failure_rate",
  "slow_call_rate",
  "server_asked",
  "cool_down_elapsed",
  "probe_failed",
  "probe_timed_out",
  "probes_succeeded",
  "manual",
  "restored",
  "policy_changed",
  "other_tab",
] as const;
/**
 * Why a circuit changed its state.
 *
 * @example
 * ```ts
 * import type { TransitionCause } from "seawall";
 *
 * const expected: TransitionCause[] = ["cool_down_elapsed", "probes_succeeded"];
 * guard.on("transition", ({ cause, breaker }) => expected.includes(cause) || show(breaker, cause));
 * ```
 */
export type TransitionCause = (typeof TRANSITION_CAUSES)[number];
