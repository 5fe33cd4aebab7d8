/**
 * Requests whose list is too long for a URL, sent in parts.
 *
 * How they are taken apart and put together is decided in Rust (`queue::split` of the policy crate); what cannot be
 * put together exactly is sent as it is.
 */

import type { Splitter } from "../generated/shape/shape.js";

import { answerLike, headersLike, relocate } from "./answer.js";
import { factsOf } from "./events.js";
import type { Next, Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";

/** Parts under way at the same time: what a browser opens to one origin over HTTP/1. */
const AT_ONCE = 6;

export function createSplitting(splitter: Splitter, { settings, emitter, clock }: StageParts): Stage {
  return async (passage, next) => {
    const { request, route, options } = passage;
    const id = splitter.plan(
      request.method,
      request.url,
      request.header("accept") ?? "",
      request.header("prefer") ?? "",
      request.header("range") !== null,
      options.idempotent === true,
      settings.number("split.maxUrl", route),
    );
    if (id === undefined) return next(passage);
    try {
      const urls = splitter.urls(id);
      emitter.emit({ type: "split", parts: urls.length, ...factsOf(route, clock.wall()) });
      const answers = await sendAll(passage, urls, splitter.in_turn(id) ? 1 : AT_ONCE, next);
      const failed = answers.find(({ response }) => !response.ok);
      if (failed) return failed.response;
      for (const [part, { response, body }] of answers.entries()) {
        splitter.give(id, part, response.headers.get("content-range") ?? "", body);
      }
      return whole(id, passage, answers) ?? (await next(passage));
    } finally {
      splitter.forget(id);
    }
  };

  function whole(id: number, { request }: Passage, answers: readonly Answer[]): Response | undefined {
    const body = splitter.whole(id) as Uint8Array<ArrayBuffer> | undefined;
    const [first] = answers;
    if (!body || !first) return undefined;
    const headers = headersLike(first.response, body.length);
    const range = splitter.range();
    if (range !== undefined && headers.has("content-range")) headers.set("content-range", range);
    relocate(headers, request.url);
    return answerLike(first.response, request.url, { body: body.length === 0 ? null : body, headers });
  }
}

interface Answer {
  readonly response: Response;
  readonly body: Uint8Array;
}

/** All parts' answers in order, or the first failure alone; what is still under way then is ended. */
async function sendAll(passage: Passage, urls: readonly string[], atOnce: number, next: Next): Promise<Answer[]> {
  const { signal } = passage.request;
  const controller = new AbortController();
  const leave = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", leave);
  const answers: Answer[] = [];
  const failures: Answer[] = [];
  const waiting = [...urls.entries()];
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part && failures.length === 0; part = waiting.shift()) {
      const [index, url] = part;
      const request = passage.request.with({ url, signal: controller.signal });
      const response = await next({ ...passage, request });
      // A failure is the caller's own answer: its body is left to it.
      if (!response.ok) failures.push({ response, body: new Uint8Array() });
      else answers[index] = { response, body: new Uint8Array(await response.arrayBuffer()) };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, urls.length) }, worker));
    return failures.length > 0 ? failures : answers;
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}
