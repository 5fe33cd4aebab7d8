/** The steps of a call that only the whole core asks for, in the file that brings it. */

import { PRIORITIES } from "./call-options.js";
import type { Answered, CallParts } from "./call.js";
import { Action, CallFlag, type Core } from "./core.js";
import type { CallFacts } from "./events.js";
import type { Passage } from "./stage.js";
import type { Category } from "./vocabulary.js";

export interface Steps {
  /** Asks the core to make the call. */
  begin(parts: CallParts, passage: Passage, waited: number, now: number): Action;
  /** Tells the core of an answer. */
  answered(core: Core, id: number, end: Answered, now: number, wall: () => number): Action;
  /** Sleeps as the core says, or until somebody wakes it. */
  wait(parts: CallParts, waiting: Waiting): Promise<void>;
}

/** A call that sleeps. */
export interface Waiting {
  readonly id: number;
  readonly until: number;
  readonly action: Action;
  readonly category: Category | undefined;
  /** The number of the attempt that follows. */
  readonly attempt: number;
  readonly facts: CallFacts;
  /** Takes the way to wake it; nothing when it is awake. */
  onWake(wake: (() => void) | undefined): void;
  isOver(): boolean;
}

export const steps: Steps = { begin, answered, wait };

async function wait({ clock, timers, line, emitter, settled }: CallParts, waiting: Waiting): Promise<void> {
  const { id, until, action, category, attempt, facts, onWake, isOver } = waiting;
  const delay = Math.max(0, until - clock.now());
  const isRetry = action === Action.WaitToRetry;
  if (isRetry) emitter.emit({ type: "retry", ...facts, category, attempt, delay });
  else emitter.emit({ type: "wait", ...facts, reason: action === Action.WaitForTurn ? "limit" : "inflight", delay });
  // Whoever listens may have ended it.
  if (isOver()) return;
  await new Promise<void>((resolve) => {
    const alarm = timers.arm(until, resolve);
    const wake = (): void => {
      timers.disarm(alarm);
      resolve();
    };
    onWake(wake);
    if (!isRetry) line?.wait(id, wake);
    // What it has given up by waiting may be another call's, and what it waits for another tab's to give.
    settled(false);
  });
  line?.leave(id);
  onWake(undefined);
}

function begin(parts: CallParts, passage: Passage, waited: number, now: number): Action {
  const { request, route, user, options, flags } = passage;
  const { call, guard, write } = parts.core;
  const urgency = PRIORITIES.indexOf(options.priority ?? "normal") << CallFlag.PriorityShift;
  const prefer = route.byPreference ? request.header("prefer") : null;
  const marked = options.idempotent || (prefer !== null && call.resolves(write(prefer))) ? CallFlag.Marked : 0;
  const own = options.idempotent === false ? request.flags & ~CallFlag.Marked : request.flags;
  const kind = route.kind | own | flags | marked | urgency;
  return call.begin(guard, parts.scopeOf(route), route.number, user.number, kind, waited, now);
}

/** The headers that advise about waiting; where CORS hides them there are none. */
const ADVICE = ["retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];

function adviceOf(response: Response): string {
  return ADVICE.map((name) => response.headers.get(name) ?? "").join("\n");
}

function answered({ call, guard, write }: Core, id: number, { response, code }: Answered, now: number, wall: () => number): Action {
  const advice = adviceOf(response);
  // Most answers say no more than their status.
  if (code === undefined && advice.length < ADVICE.length) return call.stood(guard, id, response.status, now);
  return call.answered(guard, id, response.status, write(`${advice}\n${code ?? ""}`), now, wall());
}
