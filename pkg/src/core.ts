/**
 * The policy core: one WebAssembly module, of which the small part that a page's first calls need is here (`module.ts`).
 *
 * The first guarded call can follow `createGuard()` at once. The core decides and never acts; it takes numbers and gives
 * numbers, and knows neither clock nor network. What does not fit into arguments lies in its memory: a list of numbers,
 * and letters for the few texts it reads.
 *
 * Until the second half is here (`rest.ts`) the first lets go what the whole would let go, and no more. What the whole is
 * to hear of it waits here in its order; then it is as if the whole had been here from the beginning.
 */

import type { InitOutput } from "../generated/guard/guard.js";
import type { Environment } from "./environment.js";
import { openModule } from "./module.js";
import { rest } from "./rest.js";

/** What to do next with a call. The numbers are the core's. */
export const enum Action {
  /** Send; the attempt may take until `until`. */
  Send = 0,
  /** Sleep until the call's turn, then ask again. */
  WaitForTurn = 1,
  /** Sleep until the next attempt, then ask again. */
  WaitToRetry = 2,
  /** Refuse: nothing was sent. */
  Refuse = 3,
  /** Give the caller what the last attempt brought. */
  Give = 4,
  /** Sleep until there is a place among those under way, then ask again. */
  WaitForPlace = 5,
  /** Not the core's own: what is here of it cannot tell. */
  WaitForCore = 6,
}

/** What early calls may use of their quotas. The numbers are the core's. */
export const enum Leave {
  Nothing = 0,
  /** What a tab may send before it knows of the others. */
  Allowance = 1,
  Quota = 2,
  /** All, with failures counted: the second half cannot be had. */
  Alone = 3,
}

/** How an attempt ended without an answer. The numbers are the core's. */
export const enum Break {
  Network = 0,
  Offline = 1,
  TimedOut = 2,
  Aborted = 3,
  /** To be added where the answer was delivered and only its body broke. */
  Delivered = 4,
}

/** What a call brings along beside its service and class. The bits are the core's. */
export const enum CallFlag {
  /** Twice is the same as once. */
  Marked = 1 << 6,
  /** The body is a stream: once sent it is gone. */
  OneShot = 1 << 7,
  /** Its sender repeats some answers by itself, as postgrest-js does. */
  RepeatedOutside = 1 << 8,
  /** It is such a repetition. */
  Repetition = 1 << 9,
  /** The two bits from here on are its priority. */
  PriorityShift = 10,
}

/** Where the core leaves what after every step of a call. */
export const enum Place {
  Id = 0,
  /** When the sleep ends or the attempt is given up. */
  Until = 1,
  /** How the latest attempt failed, as a category's number. */
  Category = 2,
  /** When a refused call may be worth repeating. */
  RetryAt = 3,
  /** 1 if breakers are worth a look. */
  News = 4,
  /** When the whole call must be over. */
  Deadline = 5,
  /** How long an attempt may take and a body may pause. */
  Patience = 6,
  /** How long the call has waited for turns and places. */
  Queued = 7,
}

/** One guard's core. */
export interface Core {
  /** The module's functions; their first argument is {@link Core.guard}. Some come with `rest.ts`. */
  readonly call: InitOutput;
  /** Its number in the whole core. */
  readonly guard: number;
  /** Its number among those who make early calls. */
  readonly number: number;
  /** Whether the second half is here, too. */
  readonly whole: boolean;
  /** What early calls may use of their quotas. */
  leave: Leave;
  /** Whether the whole core can be told of another early call. */
  readonly room: boolean;
  /** Does it with the whole core: now, or as soon as it is here, in this order. */
  soon(act: () => void): void;
  /** The breakers' names by their numbers: the services', then endpoints' as they come to have one. */
  readonly breakers: string[];
  /** The endpoints' names by their numbers. */
  readonly endpoints: string[];
  /** What the core left, or is to find. Not to be kept: memory moves when it grows. */
  numbers(): Float64Array;
  /** Gives the core a text and says how many letters it has; what is too long is cut off. */
  write(text: string): number;
  /** The beginning of the text that was written. */
  read(length: number): string;
}

/** The core's own measures. */
const enum Size {
  Numbers = 256,
  Letters = 4096,
}

/**
 * A core that decides nothing, where the module cannot be had: everything around it stands, and no call is asked about.
 */
export function inertCore(): Core {
  const answers: Record<string, number> = { tick: Infinity, check: 255 };
  const call = new Proxy({} as InitOutput, { get: (_, name) => () => answers[String(name)] ?? 0 });
  const nothing = new Float64Array(Size.Numbers);
  const own = { guard: 0, number: 0, whole: true, leave: Leave.Nothing, room: true, soon: (act: () => void) => act() };
  return { ...own, call, breakers: [], endpoints: [], numbers: () => nothing, write: () => 0, read: () => "" };
}

/** Where the second half does not come, so much is remembered for it and no more. */
const MOST_WAITING = 500;

let numbers = new Float64Array();
let made = 0;

/** Guards that nobody holds any more need not be closed. */
const abandoned =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<number>((guard) => openModule().destroy(guard));

export function createCore({ random }: Environment): Core {
  const call = openModule();
  let waiting: (() => void)[] | undefined = [];
  const letters = (): Uint8Array => {
    // Asked first: a twin's memory may move at any call.
    const place = call.letters();
    return new Uint8Array(call.memory.buffer, place, Size.Letters);
  };
  const half = (): number => Math.floor(random() * 2 ** 32);
  function become(acts: readonly (() => void)[]): void {
    waiting = undefined;
    core.guard = call.create(half(), half());
    abandoned?.register(core, core.guard);
    for (const act of acts) act();
  }
  const core = {
    call,
    guard: 0,
    number: (made += 1),
    get whole() {
      if (waiting && rest()) become(waiting);
      return !waiting;
    },
    leave: Leave.Quota as Leave,
    get room() {
      return !waiting || waiting.length < MOST_WAITING;
    },
    soon(act: () => void) {
      if (core.whole || !waiting) act();
      else waiting.push(act);
    },
    breakers: [] as string[],
    endpoints: [] as string[],
    numbers: () => {
      if (numbers.length === 0) {
        const place = call.numbers();
        numbers = new Float64Array(call.memory.buffer, place, Size.Numbers);
      }
      return numbers;
    },
    write: (text: string) => new TextEncoder().encodeInto(text, letters()).written,
    read: (length: number) => new TextDecoder().decode(letters().slice(0, length)),
  };
  return core;
}
