/**
 * Calls with one key that follow each other closely become one.
 *
 * By default the latest is sent once it was quiet, and everybody before it gets its answer: a search box shows what
 * was typed last, a form is saved as it was left. With `edge: "leading"` the first is sent at once and those that
 * follow get its answer. Nobody is left waiting.
 */

import type { Debouncer } from "../generated/shape/shape.js";

import { factsOf } from "./events.js";
import { later } from "./later.js";
import { createScope } from "./scope.js";
import { share, type Shared } from "./sharing.js";
import type { Next, Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import type { Alarm } from "./timer.js";

/** Calls of one key that will have one answer. */
interface Burst {
  /** The one that is sent. */
  latest: Passage;
  readonly shared: Shared;
  readonly settle: (answer: Promise<Response>) => void;
  readonly controller: AbortController;
  alarm: Alarm | undefined;
}

/** What Rust answers instead of an instant. */
const SEND = -1;
const JOIN = -2;

export function createDebouncing(debouncer: Debouncer, { settings, emitter, clock, timers, live }: StageParts): Stage {
  const bursts = new Map<string, Burst>();
  const scope = createScope();

  return (passage, next) => {
    const { request, route, options } = passage;
    const [sender = ""] = scope(passage).split("\n");
    const isLeading = options.edge === "leading";
    const key = `${sender} ${isLeading} ${options.debounce}`;
    const wait = options.wait ?? settings.number("debounce.wait", route);
    const move = debouncer.arrive(key, isLeading, wait, clock.now());
    const found = move === SEND ? undefined : bursts.get(key);
    if (found) emitter.emit({ type: "join", how: "debounce", ...factsOf(route, clock.wall()) });
    const burst = found ?? open(key, passage, isLeading);
    if (move === SEND) send(burst, next);
    if (move === SEND || move === JOIN) forgetAt(key, burst, clock.now() + wait);
    else {
      burst.latest = passage;
      sendAt(key, burst, move, next);
    }
    return burst.shared.join(request.signal);
  };

  function open(key: string, passage: Passage, isLeading: boolean): Burst {
    timers.disarm(bursts.get(key)?.alarm);
    const { answer, settle } = later(live);
    const controller = new AbortController();
    const leave = (reason: unknown): void => {
      controller.abort(reason);
      end(key, burst);
    };
    const burst: Burst = { latest: passage, shared: share(answer, leave, isLeading), settle, controller, alarm: undefined };
    bursts.set(key, burst);
    return burst;
  }

  function sendAt(key: string, burst: Burst, at: number, next: Next): void {
    timers.disarm(burst.alarm);
    burst.alarm = timers.arm(at, () => {
      end(key, burst);
      send(burst, next);
    });
  }

  /** A burst that was sent at its beginning is over once it was quiet. */
  function forgetAt(key: string, burst: Burst, at: number): void {
    timers.disarm(burst.alarm);
    burst.alarm = timers.arm(at, () => end(key, burst), false);
  }

  function end(key: string, burst: Burst): void {
    timers.disarm(burst.alarm);
    if (bursts.get(key) !== burst) return;
    bursts.delete(key);
    debouncer.forget(key);
  }

  function send({ latest, settle, controller }: Burst, next: Next): void {
    settle(next({ ...latest, request: latest.request.with({ signal: controller.signal }) }));
  }
}
