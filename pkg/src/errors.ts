/**
 * Everything the guard throws: real errors with a stable code, never strings.
 *
 * An answer with a bad status is not one of them: it reaches the caller as the `Response` it is.
 */

import type { Category, OperationClass, Service } from "./vocabulary.js";

/**
 * What a failed call was about.
 *
 * @example
 * ```ts
 * import { type FailureContext, GuardError } from "seawall";
 *
 * function where(error: unknown): FailureContext | undefined {
 *   return error instanceof GuardError ? error.context : undefined;
 * }
 * ```
 */
export interface FailureContext {
  readonly service: Service;
  readonly class: OperationClass;
  readonly endpoint: string;
  readonly method: string;
  /** Requests really sent. */
  readonly attempts: number;
  /** Milliseconds from the call to its failure. */
  readonly elapsed: number;
  /** The HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** The server's name for the request, where it told one. */
  readonly requestId?: string;
  /** The breaker or limit that refused, where one did. */
  readonly key?: string;
}

/**
 * Stable names of the guard's own errors.
 *
 * @example
 * ```ts
 * import type { GuardErrorCode } from "seawall";
 *
 * const texts: Partial<Record<GuardErrorCode, string>> = { circuit_open: "We are having trouble. One moment, please." };
 * ```
 */
export type GuardErrorCode =
  | "circuit_open"
  | "rate_limited"
  | "timeout"
  | "deadline_exceeded"
  | "network"
  | "offline"
  | "not_queued"
  | "closed"
  | "unavailable"
  | "user_changed"
  | "unknown_option"
  | "invalid_option";

interface ErrorParts {
  readonly code: GuardErrorCode;
  readonly category: Category;
  readonly retryable: boolean;
  readonly retryAfter?: number | undefined;
  readonly context?: FailureContext | undefined;
  readonly cause?: unknown;
}

/**
 * The parent of all of the guard's errors.
 *
 * @example
 * ```ts
 * import { GuardError } from "seawall";
 *
 * try {
 *   await guard.fetch(`${url}/rest/v1/messages`);
 * } catch (error) {
 *   if (error instanceof GuardError && error.retryable) show(error.code, error.context?.endpoint, error.retryAfter);
 * }
 * ```
 */
export class GuardError extends Error {
  override readonly name: string = "GuardError";
  declare readonly code: GuardErrorCode;
  declare readonly category: Category;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;
  /** Milliseconds until trying again makes sense, where that is known. */
  declare readonly retryAfter: number | undefined;
  declare readonly context: FailureContext | undefined;

  constructor(message: string, parts: ErrorParts) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.category = parts.category;
    this.retryable = parts.retryable;
    this.retryAfter = parts.retryAfter;
    this.context = parts.context;
  }
}

/**
 * The circuit is open: the call was refused at once, and nothing was sent.
 *
 * @example
 * ```ts
 * import { CircuitOpenError } from "seawall";
 *
 * try {
 *   await guard.fetch(`${url}/rest/v1/messages`);
 * } catch (error) {
 *   if (error instanceof CircuitOpenError) show("try again in", error.retryAfter, "ms");
 * }
 * ```
 */
export class CircuitOpenError extends GuardError {
  override readonly name = "CircuitOpenError";

  constructor(retryAfter: number | undefined, context: FailureContext) {
    super(`the circuit for ${context.key ?? context.service} is open${inWords(retryAfter)}`, {
      code: "circuit_open",
      category: "circuit_open",
      retryable: true,
      retryAfter,
      context,
    });
  }
}

/**
 * The call is over a limit: it was held back, and nothing was sent.
 *
 * @example
 * ```ts
 * import { RateLimitedError } from "seawall";
 *
 * await guard.fetch(`${url}/rest/v1/messages`).catch((error) => {
 *   if (error instanceof RateLimitedError) show("over the limit for", error.retryAfter, "ms");
 * });
 * ```
 */
export class RateLimitedError extends GuardError {
  override readonly name = "RateLimitedError";

  constructor(retryAfter: number | undefined, context: FailureContext) {
    super(`the limit for ${context.class} is reached${inWords(retryAfter)}`, {
      code: "rate_limited",
      category: "rate_limited",
      retryable: true,
      retryAfter,
      context,
    });
  }
}

/**
 * An attempt, or the whole call, took longer than it may; what was under way was aborted.
 *
 * @example
 * ```ts
 * import { TimeoutError } from "seawall";
 *
 * await guard.fetch(`${url}/rest/v1/messages`).catch((error) => {
 *   if (error instanceof TimeoutError) show(error.code === "timeout" ? "one attempt took too long" : "the call did");
 * });
 * ```
 */
export class TimeoutError extends GuardError {
  override readonly name = "TimeoutError";

  constructor(code: "timeout" | "deadline_exceeded", limit: number, context: FailureContext) {
    const what = code === "timeout" ? "no answer" : "the call did not end";
    super(`${what} within ${Math.round(limit)} ms`, { code, category: "timeout", retryable: true, context });
  }
}

/**
 * The request could not be sent or its answer was lost on the way. `thrown` is what fetch threw, and `cause` what that
 * names as its own cause, or else itself: who looks one error deep, as postgrest-js does, finds what it finds without a
 * guard.
 *
 * @example
 * ```ts
 * import { NetworkError } from "seawall";
 *
 * await guard.fetch(`${url}/rest/v1/messages`).catch((error) => {
 *   if (error instanceof NetworkError) show(error.code === "offline" ? "there is no network" : error.cause);
 * });
 * ```
 */
export class NetworkError extends GuardError {
  override readonly name = "NetworkError";
  /** What fetch threw. */
  readonly thrown: unknown;

  constructor(code: "network" | "offline", context: FailureContext, thrown: unknown) {
    const known = isError(thrown);
    const message = known ? thrown.message : "the request failed";
    super(message, { code, category: code, retryable: true, context, cause: (known && thrown.cause) || thrown });
    this.thrown = thrown;
  }
}

/**
 * There is no way to the server, and the write could not be queued either. `cause` is why the server was not reached.
 *
 * @example
 * ```ts
 * import { NotQueuedError } from "seawall";
 *
 * await guard.fetch(`${url}/rest/v1/messages`, { method: "POST", body: "{}" }).catch((error) => {
 *   if (error instanceof NotQueuedError) show("neither sent nor kept:", error.message);
 * });
 * ```
 */
export class NotQueuedError extends GuardError {
  override readonly name = "NotQueuedError";

  constructor(why: string, cause?: unknown) {
    super(`the write could not be queued: ${why}`, { code: "not_queued", category: "offline", retryable: true, cause });
  }
}

/**
 * The guard was closed before or during the call.
 *
 * @example
 * ```ts
 * import { GuardClosedError } from "seawall";
 *
 * guard.close();
 * await guard.fetch(`${url}/rest/v1/messages`).catch((error) => show(error instanceof GuardClosedError));
 * ```
 */
export class GuardClosedError extends GuardError {
  override readonly name = "GuardClosedError";

  constructor(context?: FailureContext) {
    super("the guard is closed", { code: "closed", category: "aborted", retryable: false, context });
  }
}

/**
 * The guard could not be loaded, and the option `unavailable` says that calls fail then. `cause` is why.
 *
 * @example
 * ```ts
 * import { createGuard, GuardUnavailableError } from "seawall";
 *
 * const guard = createGuard({ unavailable: "fail" });
 * await guard.fetch(`${url}/rest/v1/messages`).catch((error) => show(error instanceof GuardUnavailableError));
 * ```
 */
export class GuardUnavailableError extends GuardError {
  override readonly name = "GuardUnavailableError";

  constructor(cause: unknown) {
    super("the guard cannot be loaded here", { code: "unavailable", category: "aborted", retryable: false, cause });
  }
}

/**
 * Another user signed in, or nobody was signed in any more, before the call was sent: it was not sent as them.
 *
 * @example
 * ```ts
 * import { UserChangedError } from "seawall";
 *
 * await supabase.from("messages").insert({ text: "hello" }).throwOnError().then(null, (error) => {
 *   if (error.cause instanceof UserChangedError) show("nothing was sent as somebody else");
 * });
 * ```
 */
export class UserChangedError extends GuardError {
  override readonly name = "UserChangedError";

  /** Whether an earlier attempt was sent as the user who called. */
  sent = false;

  constructor() {
    super("the user changed during the call", { code: "user_changed", category: "aborted", retryable: true });
  }
}

/**
 * An option that does not exist or cannot be: `option` is its full name.
 *
 * @example
 * ```ts
 * import { createGuard, OptionError } from "seawall";
 *
 * try {
 *   createGuard({ timeout: -1 });
 * } catch (error) {
 *   if (error instanceof OptionError) show(error.option, error.message);
 * }
 * ```
 */
export class OptionError extends GuardError {
  override readonly name = "OptionError";

  constructor(
    readonly option: string,
    message: string,
    code: "unknown_option" | "invalid_option" = "invalid_option",
  ) {
    super(message, { code, category: "validation", retryable: false });
  }
}

/** An error of any realm: a frame's, or a test runner's, is not an instance of this one's. */
export function isError(value: unknown): value is Error {
  return typeof value === "object" && value !== null && typeof (value as { message?: unknown }).message === "string";
}

function inWords(retryAfter: number | undefined): string {
  if (retryAfter === undefined || !Number.isFinite(retryAfter)) return "";
  return retryAfter < 1000 ? `; try again in ${Math.ceil(retryAfter)} ms` : `; try again in ${Math.ceil(retryAfter / 1000)} s`;
}
