/** An answer that somebody waits for before its request is sent. */

import type { Abortable } from "./caller.js";

export interface Later {
  readonly answer: Promise<Response>;
  /** What comes of it. Only the first counts. */
  settle(answer: Promise<Response>): void;
}

/** Ends with whatever ends what is `live`: a guard that closes leaves nobody waiting. */
export function later(live: Set<Abortable>): Later {
  let settle: Later["settle"] = () => {};
  const answer = new Promise<Response>((resolve, reject) => {
    const waiting: Abortable = { abort: reject };
    live.add(waiting);
    settle = (sent) => {
      live.delete(waiting);
      // Where the guard was closed first, nobody hears of it.
      sent.catch(() => {});
      resolve(sent);
    };
  });
  // Whoever waited may have left.
  answer.catch(() => {});
  return { answer, settle };
}
