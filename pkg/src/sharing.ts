/** One answer for several callers: each gets a whole one of its own, and may leave without disturbing the others. */

import { watchBody } from "./body.js";

export interface Shared {
  /** A caller's own answer, until its signal says otherwise. */
  join(signal: AbortSignal | undefined): Promise<Response>;
}

/**
 * Shares the answer; `onEmpty` is called when the last caller has left before it came. With `kept` callers may still
 * join when others have theirs.
 */
export function share(answer: Promise<Response>, onEmpty: (reason: unknown) => void, kept = false): Shared {
  /** Callers who wait. */
  let waiting = 0;

  /** The last one needs no copy. */
  const take = (response: Response): Response => {
    waiting -= 1;
    return waiting === 0 && !kept ? response : response.clone();
  };

  const joinWith = (signal: AbortSignal): Promise<Response> =>
    new Promise((resolve, reject) => {
      let body: ReturnType<typeof watchBody> | undefined;
      const release = (): void => signal.removeEventListener("abort", leave);
      const leave = (): void => {
        release();
        if (body) return body.fail(signal.reason);
        reject(signal.reason);
        waiting -= 1;
        if (waiting === 0) onEmpty(signal.reason);
      };
      // A signal that has fired says nothing any more.
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave);
      answer.then(
        (response) => {
          if (signal.aborted) return;
          const own = take(response);
          if (own.body === null) {
            release();
            return resolve(own);
          }
          const ended = { onWait() {}, onChunk() {}, onEnd: release, onError: release, onCancel: release };
          body = watchBody(own, own.body, ended);
          resolve(body.response);
        },
        (error: unknown) => {
          release();
          reject(error);
        },
      );
    });

  return {
    join(signal) {
      waiting += 1;
      return signal ? joinWith(signal) : answer.then(take);
    },
  };
}
