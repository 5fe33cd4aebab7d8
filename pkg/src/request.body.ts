/** A request's body, for parts that look into it. */

import { CallFlag } from "./core.js";
import type { OutgoingRequest } from "./request.js";

/** Whether the body is one that can be kept: not a stream, not a form with files in it. */
export function isKeepable({ flags, given, header }: OutgoingRequest): boolean {
  const isForm = given.init?.body instanceof FormData || /^multipart/i.test(header("content-type") ?? "");
  return !isForm && (flags & CallFlag.OneShot) === 0;
}

/** The body as it will be sent, read from a copy; null where there is none. Not for a stream. */
export async function bodyOf({ given: { input, init } }: OutgoingRequest): Promise<ArrayBuffer | null> {
  const isRequest = typeof Request !== "undefined" && input instanceof Request;
  const copy = new Request(isRequest ? input.clone() : input, init);
  return copy.body === null ? null : copy.arrayBuffer();
}
