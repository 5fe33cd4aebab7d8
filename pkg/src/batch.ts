/**
 * Reads that differ in one filter, sent as one.
 *
 * Which may meet, what the one request is and whose rows are whose is decided in Rust (`queue::batch` of the policy
 * crate). Here reads wait for each other, are sent, and get their answers, or are sent alone after all.
 */

import type { Batcher } from "../generated/shape/shape.js";

import { answerLike, headersLike, relocate } from "./answer.js";
import { factsOf } from "./events.js";
import { later } from "./later.js";
import { createScope } from "./scope.js";
import { share } from "./sharing.js";
import type { Next, Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import type { Alarm } from "./timer.js";

/** What becomes of a batch's answer. The numbers are Rust's. */
const enum Verdict {
  Split = 0,
  Share = 1,
  Apart = 2,
}

/** A read that waits. */
interface Member {
  readonly passage: Passage;
  readonly settle: (answer: Promise<Response>) => void;
  left: boolean;
}

/** A batch that fills. */
interface Filling {
  readonly next: Next;
  readonly members: Member[];
  readonly controller: AbortController;
  alarm: Alarm | undefined;
}

const OBJECT = "application/vnd.pgrst.object+json";

export function createBatching(batcher: Batcher, { settings, emitter, clock, timers, live }: StageParts): Stage {
  const filling = new Map<number, Filling>();
  const scope = createScope();

  return (passage, next) => {
    const { request, route } = passage;
    const [id, , isFull] = batcher.offer(
      request.url,
      request.header("accept") ?? "",
      request.header("prefer") ?? "",
      request.header("range") !== null,
      scope(passage),
      settings.number("batch.maxSize", route),
      settings.number("split.maxUrl", route),
    );
    if (id === undefined) return next(passage);
    const batch = filling.get(id) ?? open(id, passage, next);
    const answer = join(batch, passage);
    if (isFull) void flush(id);
    return answer;
  };

  function open(id: number, { route }: Passage, next: Next): Filling {
    const batch: Filling = { next, members: [], controller: new AbortController(), alarm: undefined };
    batch.alarm = timers.arm(clock.now() + settings.number("batch.delay", route), () => void flush(id));
    filling.set(id, batch);
    return batch;
  }

  function join({ members, controller }: Filling, passage: Passage): Promise<Response> {
    const { answer, settle } = later(live);
    const member: Member = { passage, settle, left: false };
    members.push(member);
    const shared = share(answer, (reason) => {
      member.left = true;
      if (members.every(({ left }) => left)) controller.abort(reason);
    });
    return shared.join(passage.request.signal);
  }

  /** Sends what has gathered. */
  async function flush(id: number): Promise<void> {
    const batch = filling.get(id);
    if (!batch) return;
    filling.delete(id);
    timers.disarm(batch.alarm);
    const url = batcher.close(id);
    if (url === undefined) alone(batch);
    else if (!batch.controller.signal.aborted) await together(id, url, batch);
    batcher.forget(id);
  }

  function alone({ members, next }: Filling): void {
    for (const { passage, settle, left } of members) if (!left) settle(next(passage));
  }

  async function together(id: number, url: string, batch: Filling): Promise<void> {
    const { members, next, controller } = batch;
    const [first] = members;
    if (!first) return;
    try {
      const response = await next(asked(first.passage, url, controller.signal));
      const body = new Uint8Array(await response.clone().arrayBuffer());
      const verdict: Verdict = batcher.answer(id, response.status, response.headers.get("content-range") ?? "", body);
      if (verdict === Verdict.Apart) return alone(batch);
      for (const [position, { passage, settle, left }] of members.entries()) {
        if (left) continue;
        const answer = verdict === Verdict.Share ? response.clone() : part(id, position, response, passage);
        settle(answer ? Promise.resolve(answer) : next(passage));
        if (answer && position > 0) {
          emitter.emit({ type: "join", how: "batch", ...factsOf(passage.route, clock.wall()) });
        }
      }
    } catch (error) {
      for (const { settle } of members) settle(Promise.reject(error));
    }
  }

  /** One read's own answer; nothing where it is asked alone. */
  function part(id: number, position: number, response: Response, { request }: Passage): Response | undefined {
    const body = batcher.body(id, position) as Uint8Array<ArrayBuffer> | undefined;
    if (!body) return undefined;
    const headers = headersLike(response, body.length);
    headers.set("content-range", batcher.range(id, position) ?? "*/*");
    if (request.header("accept") === OBJECT) headers.set("content-type", `${OBJECT}; charset=utf-8`);
    if (!request.header("prefer")) headers.delete("preference-applied");
    relocate(headers, request.url);
    return answerLike(response, request.url, { body, headers });
  }
}

/** The one request: a list, and a count that shows whether all of it came. */
function asked(passage: Passage, url: string, signal: AbortSignal): Passage {
  const headers = passage.request.headers();
  headers.set("accept", "application/json");
  headers.set("prefer", "count=exact");
  return { ...passage, request: passage.request.with({ url, headers, signal }) };
}
