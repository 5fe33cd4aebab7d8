/**
 * The policy core: one small WebAssembly module, of which the half that a first call needs is here (`module.ts`).
 *
 * The first guarded call can follow `createGuard()` at once. The core decides and never acts; it takes numbers and gives numbers, and knows neither clock nor network. What does not
 * fit into arguments lies in its memory: a list of numbers, and letters for the few texts it reads.
 */

import type { InitOutput } from "../generated/guard/guard.js";
import type { Environment } from "./environment.js";
import { openModule } from "./module.js";

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
  readonly guard: number;
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
  const answers: Record<string, number> = { tick: Infinity, configure: 255 };
  const call = new Proxy({} as InitOutput, { get: (_, name) => () => answers[String(name)] ?? 0 });
  const nothing = new Float64Array(Size.Numbers);
  return { call, guard: 0, breakers: [], endpoints: [], numbers: () => nothing, write: () => 0, read: () => "" };
}

let numbers = new Float64Array();

/** Guards that nobody holds any more need not be closed. */
const abandoned =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<number>((guard) => openModule().destroy(guard));

export function createCore({ random }: Environment): Core {
  const call = openModule();
  const half = (): number => Math.floor(random() * 2 ** 32);
  const guard = call.create(half(), half());
  const letters = (): Uint8Array => new Uint8Array(call.memory.buffer, call.letters(), Size.Letters);
  const core: Core = {
    call,
    guard,
    breakers: [],
    endpoints: [],
    numbers: () => {
      if (numbers.length === 0) numbers = new Float64Array(call.memory.buffer, call.numbers(), Size.Numbers);
      return numbers;
    },
    write: (text) => new TextEncoder().encodeInto(text, letters()).written,
    read: (length) => new TextDecoder().decode(letters().slice(0, length)),
  };
  abandoned?.register(core, guard);
  return core;
}
