/** What requests that are to become one must have in common, beside what their URLs say. */

import type { Passage } from "./stage.js";

/** A text that is the same for the same user, transport, method and headers. */
export type Scope = (passage: Passage) => string;

export function createScope(): Scope {
  const transports = new WeakMap<object, number>();
  let last = 0;
  return ({ request, user, transport }) => {
    const number = transports.get(transport) ?? (last += 1);
    transports.set(transport, number);
    return `${number} ${user.number}\n${request.identity("")}`;
  };
}
