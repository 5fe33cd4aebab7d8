/**
 * One request on the wire: sent, and ended in exactly one way.
 *
 * Whatever sends may ignore its signal (a session token that never comes), so the attempt does not wait
 * for it to agree: it ends at its limit, and what still arrives afterwards is thrown away.
 */

import { failureCode } from "./failure.js";
import type { Timers } from "./timer.js";

export type AttemptEnd =
  | { readonly kind: "answered"; readonly response: Response; readonly code: string | undefined }
  | { readonly kind: "broke"; readonly error: unknown }
  | { readonly kind: "timed_out" }
  | { readonly kind: "aborted"; readonly reason: unknown };

export type Send = (signal: AbortSignal) => Promise<Response>;

export interface Attempt {
  readonly ended: Promise<AttemptEnd>;
  /** Ends it now, or ends the body of its answer; nothing is left under way. */
  abort(reason: unknown): void;
}

/** Sends, and gives up at the instant `limit`. */
export function startAttempt(send: Send, limit: number, timers: Timers): Attempt {
  const controller = new AbortController();
  let finish: (end: AttemptEnd) => boolean = () => false;
  const ended = new Promise<AttemptEnd>((resolve) => {
    let over = false;
    finish = (end) => {
      if (over) return false;
      over = true;
      timers.disarm(alarm);
      resolve(end);
      return true;
    };
  });
  const alarm = timers.arm(limit, () => {
    if (finish({ kind: "timed_out" })) controller.abort(new DOMException("the attempt timed out", "TimeoutError"));
  });
  answerOf(send, controller.signal).then(
    ({ response, code }) => {
      if (!finish({ kind: "answered", response, code })) response.body?.cancel().catch(() => {});
    },
    (error: unknown) => finish({ kind: "broke", error }),
  );
  return {
    ended,
    abort(reason) {
      finish({ kind: "aborted", reason });
      controller.abort(reason);
    },
  };
}

/** The answer, with the code in its body when it is a failure: the code is judged before the status. */
async function answerOf(send: Send, signal: AbortSignal): Promise<{ response: Response; code: string | undefined }> {
  const response = await send(signal);
  const code = response.status >= 400 ? await failureCode(response) : undefined;
  return { response, code };
}
