/** Reads an answer's body whole, if it is not too large. */

import { from } from "./entry.js";

/**
 * The bytes; or, where there are more than `limit`, the same answer with its body as it was, to be streamed on.
 *
 * A failure on the way throws here: whoever asked has got nothing yet, and something else can be given instead.
 */
export async function readWithin(response: Response, limit: number): Promise<ArrayBuffer | Response> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > limit) return response;
  if (response.body === null) return new ArrayBuffer(0);
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks, size);
    chunks.push(value);
    size += value.byteLength;
    if (size > limit) return continued(response, chunks, reader);
  }
}

function joined(chunks: Uint8Array[], size: number): ArrayBuffer {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole.buffer;
}

function continued(response: Response, chunks: Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => chunks.forEach((chunk) => controller.enqueue(chunk)),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers, url } = response;
  return from(url, new Response(body, { status, statusText, headers }));
}
