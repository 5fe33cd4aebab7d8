/** Inserts of one row each, sent as one when their callers asked for it. */

import { insert_apart, insert_key } from "../generated/shape/shape.js";

import { factsOf } from "./events.js";
import { later } from "./later.js";
import { bodyOf } from "./request.body.js";
import { createScope } from "./scope.js";
import { share } from "./sharing.js";
import type { Next, Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import type { Alarm } from "./timer.js";

interface Member {
  readonly passage: Passage;
  readonly body: string;
  readonly settle: (answer: Promise<Response>) => void;
  left: boolean;
}

interface Filling {
  readonly members: Member[];
  alarm: Alarm | undefined;
}

export function createInsertBatching({ settings, emitter, clock, timers, live }: StageParts): Stage {
  const filling = new Map<string, Filling>();
  const scope = createScope();

  return async (passage, next) => {
    const { request, route } = passage;
    const bytes = new Uint8Array((await bodyOf(request)) ?? new ArrayBuffer());
    const key = insert_key(request.url, request.header("prefer") ?? "", scope(passage), bytes);
    if (key === undefined) return next(passage);
    const batch = filling.get(key) ?? open(key, passage, next);
    const answer = join(batch, passage, new TextDecoder().decode(bytes));
    if (batch.members.length >= settings.number("batch.maxSize", route)) void flush(key, batch, next);
    return answer;
  };

  function open(key: string, { route }: Passage, next: Next): Filling {
    const batch: Filling = { members: [], alarm: undefined };
    batch.alarm = timers.arm(clock.now() + settings.number("batch.delay", route), () => void flush(key, batch, next));
    filling.set(key, batch);
    return batch;
  }

  function join({ members }: Filling, passage: Passage, body: string): Promise<Response> {
    const { answer, settle } = later(live);
    const member: Member = { passage, body, settle, left: false };
    members.push(member);
    // Once it is sent it is part of a transaction with others: leaving then ends nothing but the waiting.
    const shared = share(answer, () => {
      member.left = true;
    });
    return shared.join(passage.request.signal);
  }

  async function flush(key: string, batch: Filling, next: Next): Promise<void> {
    if (filling.get(key) !== batch) return;
    filling.delete(key);
    timers.disarm(batch.alarm);
    const members = batch.members.filter(({ left }) => !left);
    if (members.length < 2) return alone(members, next);
    await together(members, next);
  }

  /** One after the other, in the order they were made. */
  async function alone(members: readonly Member[], next: Next): Promise<void> {
    for (const { passage, settle, left } of members) {
      if (left) continue;
      const answer = next(passage);
      settle(answer);
      await answer.catch(() => {});
    }
  }

  async function together(members: readonly Member[], next: Next): Promise<void> {
    const [first, ...others] = members;
    if (!first) return;
    const { passage } = first;
    try {
      const body = `[${members.map((member) => member.body).join(",")}]`;
      const response = await next({ ...passage, request: passage.request.with({ body, signal: null }) });
      if (insert_apart(response.status)) return alone(members, next);
      for (const { settle } of members) settle(Promise.resolve(response.clone()));
      for (const { passage: { route } } of others) {
        emitter.emit({ type: "join", how: "batch", ...factsOf(route, clock.wall()) });
      }
    } catch (error) {
      for (const { settle } of members) settle(Promise.reject(error));
    }
  }
}
