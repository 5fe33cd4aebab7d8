/**
 * A failure in the shape postgrest-js gives its callers.
 *
 * What `fetch` throws, postgrest-js retries by itself (three times, seven seconds) and then flattens
 * into text: an open circuit would cost its caller four calls and lose its code. So to postgrest-js a
 * failure without an answer is given as what it would have made of it in the end, `status` 0 and an
 * `error` object, only at once and with code, category and time to wait in it.
 *
 * Auth, storage and functions keep a thrown error whole, and auth signs its user out on some statuses:
 * to them, and to every other caller, failures are thrown.
 */

import { type GuardError, isError, type NetworkError } from "./errors.js";

/** Any status works that is neither a success nor one of those postgrest-js retries. */
const SOME_FAILURE = 500;

export function replyFor(error: GuardError): Response {
  const cause = (error as Partial<NetworkError>).thrown ?? error.cause;
  const shown = isError(cause) ? cause : error;
  const body = {
    message: `${shown.name}: ${shown.message}`,
    details: details(shown),
    hint: hint(error),
    code: error.code,
    category: error.category,
    retryable: error.retryable,
    retryAfter: error.retryAfter ?? null,
    context: error.context ?? null,
  };
  const headers = { "content-type": "application/json", "x-seawall-error": error.code };
  const response = new Response(JSON.stringify(body), { status: SOME_FAILURE, headers });
  // The constructor refuses 0, which is what postgrest-js reports when no answer came.
  Object.defineProperty(response, "status", { value: 0 });
  return response;
}

function details(error: Error): string {
  const cause = error.cause;
  if (!isError(cause)) return "";
  const code = (cause as { code?: unknown }).code;
  const suffix = typeof code === "string" ? ` (${code})` : "";
  return `${error.name}: ${error.message}\n\nCaused by: ${cause.name}: ${cause.message}${suffix}`;
}

function hint(error: GuardError): string {
  if (error.retryAfter === undefined || !Number.isFinite(error.retryAfter)) return "";
  return `try again in ${Math.ceil(error.retryAfter)} ms`;
}
