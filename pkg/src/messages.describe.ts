/** What can be read off a failure by its shape; nothing is judged here. */

import { GuardError } from "./errors.js";
import type { FailureEvent } from "./events.js";
import type { ExplanationContext } from "./messages.js";
import { pathOf } from "./route.js";
import { CATEGORIES, type Category, type Service, SERVICES } from "./vocabulary.js";

/** A failure, as far as its shape tells. */
export interface Described {
  /** Known where the guard has judged it already. */
  readonly category?: Category;
  readonly code?: string | undefined;
  readonly retryable?: boolean;
  readonly retryAfter?: number | undefined;
  readonly status?: number;
  /** Why no answer came. */
  readonly how?: "network" | "offline" | "timeout" | "aborted";
  readonly response?: Response;
  readonly context?: ExplanationContext;
}

type Recent = readonly FailureEvent[];

/** What a guard has seen lately, and whether the device has no network. */
export function describe(failure: unknown, recent: Recent, isOffline: boolean): Described {
  if (failure instanceof GuardError) return ofGuard(failure);
  if (typeof Response !== "undefined" && failure instanceof Response) return ofResponse(failure, recent);
  if (typeof failure !== "object" || failure === null) return {};
  const facts = failure as Record<string, unknown>;
  if (facts.type === "failure") return ofEvent(failure as FailureEvent);
  // A whole result of supabase-js: the status is beside the error.
  if ("error" in facts && "data" in facts && facts.error) return withStatus(describe(facts.error, recent, isOffline), facts.status);
  if (CATEGORIES.some((name) => name === facts.category)) return ofReply(facts);
  return ofError(facts, recent, isOffline);
}

function ofGuard({ category, code, retryable, retryAfter, context }: GuardError): Described {
  return { category, code, retryable, retryAfter, ...(context && { context }) };
}

/** What postgrest-js gives its caller for a failure of the guard's. */
function ofReply(facts: Record<string, unknown>): Described {
  const { category, code, retryable, retryAfter, context } = facts;
  return {
    category: category as Category,
    code: text(code),
    retryable: retryable === true,
    retryAfter: typeof retryAfter === "number" ? retryAfter : undefined,
    context: (context ?? {}) as ExplanationContext,
  };
}

function ofEvent(event: FailureEvent): Described {
  const { code, status, message, category, retryAfter } = event;
  const context = contextOf(event);
  // The guard's own failures are all such that the same call may succeed later, but for a guard that is closed.
  if (message !== undefined) return { category, code, retryable: code !== "closed", retryAfter, status, context };
  return { code, status, context, ...(status === 0 && { category }) };
}

function ofResponse(response: Response, recent: Recent): Described {
  const requestId = response.headers.get("x-request-id") ?? response.headers.get("sb-request-id") ?? undefined;
  const seen = latest(recent, (event) => requestId !== undefined && event.requestId === requestId);
  const service = seen?.service ?? serviceOf(response.url);
  const known = seen ? contextOf(seen) : { ...(service && { service }), status: response.status, ...(requestId && { requestId }) };
  return { status: response.status, response, context: known };
}

function ofError(facts: Record<string, unknown>, recent: Recent, isOffline: boolean): Described {
  const name = text(facts.name) ?? "";
  const isThrownByFetch = facts instanceof TypeError;
  const inner = facts.originalError ?? (name.startsWith("Functions") ? facts.context : undefined) ?? (isThrownByFetch ? undefined : facts.cause);
  if (typeof inner === "object" && inner !== null && inner !== facts) return asService(describe(inner, recent, isOffline), serviceNamed(name));
  if (name === "AbortError") return { how: "aborted" };
  if (name === "TimeoutError") return { how: "timeout" };
  if (name === "AuthSessionMissingError") return { status: 401, code: "session_not_found", context: { service: "auth" } };
  if (isThrownByFetch) return { how: isOffline ? "offline" : "network" };
  const service = serviceNamed(name);
  // storage-js has the service's own status there, and the answer's beside it.
  const status = number(facts.statusCode) ?? number(facts.status);
  const code = text(facts.code) ?? wordIn(facts.statusCode) ?? text(facts.error);
  const seen = seenAs(recent, service, code, status, text(facts.message));
  if (seen?.message !== undefined) return ofEvent(seen);
  if (name === "AuthRetryableFetchError" && !status) return { how: "network", context: { service: "auth" } };
  const context = seen ? contextOf(seen) : { ...(service && { service }), ...(status && { status }) };
  return { code, ...(status !== undefined && { status }), context, ...fetchFailure(facts, isOffline) };
}

/** postgrest-js flattens what fetch threw into a text that begins with its name. */
function fetchFailure({ message, code }: Record<string, unknown>, isOffline: boolean): Pick<Described, "how"> {
  if (typeof message !== "string" || text(code) !== undefined) return {};
  if (message.startsWith("AbortError")) return { how: "aborted" };
  if (message.startsWith("TimeoutError")) return { how: "timeout" };
  return message.startsWith("TypeError") ? { how: isOffline ? "offline" : "network" } : {};
}

/** The one recent failure that this error can stand for; of two that could be, neither is believed. */
function seenAs(
  recent: Recent,
  service: Service | undefined,
  code: string | undefined,
  status: number | undefined,
  message: string | undefined,
): FailureEvent | undefined {
  const own = latest(recent, (event) => event.message !== undefined && event.message === message);
  if (own) return own;
  if (code === undefined) return undefined;
  const found = recent.filter((event) => {
    return event.code === code && (!service || event.service === service) && (!status || event.status === status);
  });
  return found.length === 1 ? found[0] : undefined;
}

function latest(recent: Recent, fits: (event: FailureEvent) => boolean): FailureEvent | undefined {
  return recent.filter(fits).pop();
}

function contextOf({ service, class: operation, endpoint, method, attempts, elapsed, status, requestId }: FailureEvent): ExplanationContext {
  const base = { service, class: operation, endpoint, method, attempts, elapsed };
  return { ...base, ...(status > 0 && { status }), ...(requestId !== undefined && { requestId }) };
}

function withStatus(described: Described, status: unknown): Described {
  const known = number(status);
  if (!known || described.category) return described;
  return { ...described, status: known, context: { ...described.context, status: known } };
}

function asService(described: Described, service: Service | undefined): Described {
  return service && !described.category ? { ...described, context: { service, ...described.context } } : described;
}

/** The part of supabase-js whose errors have this name. */
function serviceNamed(name: string): Service | undefined {
  if (name.startsWith("Auth")) return "auth";
  if (name.startsWith("Storage")) return "storage";
  if (name.startsWith("Functions")) return "functions";
  return name.startsWith("Postgrest") ? "rest" : undefined;
}

function serviceOf(url: string): Service | undefined {
  const path = pathOf(url);
  return SERVICES.find((service) => path.includes(`/${service}/v1/`));
}

function number(value: unknown): number | undefined {
  const parsed = typeof value === "string" ? Number(value) : value;
  return typeof parsed === "number" && Number.isInteger(parsed) ? parsed : undefined;
}

/** storage-js puts the service's code where others put the status. */
function wordIn(value: unknown): string | undefined {
  return typeof value === "string" && number(value) === undefined ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
