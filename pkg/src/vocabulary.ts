/**
 * The words the package and the core share, in the order of the core's numbers.
 *
 * The hot path crosses the boundary with numbers only; these lists give them their names back. A test
 * asks the core for its own names and compares.
 */

export const SERVICES = ["rest", "rpc", "auth", "storage", "functions"] as const;
export type Service = (typeof SERVICES)[number];

export const CLASSES = ["reads", "writes", "rpc", "auth"] as const;
export type OperationClass = (typeof CLASSES)[number];

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
/** What kind of failure something is. */
export type Category = (typeof CATEGORIES)[number];

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
 */
export type CircuitState = (typeof CIRCUIT_STATES)[number];

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
/** Why a circuit changed its state. */
export type TransitionCause = (typeof TRANSITION_CAUSES)[number];
