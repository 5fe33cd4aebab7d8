/**
 * The policy core: one small WebAssembly module, compiled synchronously from bytes inside this file.
 *
 * No promise, no request, no bundler rule: the first guarded call can follow `createGuard()` at once. The
 * core decides and never acts; it takes numbers and gives numbers, and knows neither clock nor network.
 */

import wasm from "../generated/guard/guard_bg.wasm";
import { Core, initSync } from "../generated/guard/guard.js";

import { bytesOf, type Environment } from "./environment.js";

export type { Core };

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
}

/** Headers the core reads. The numbers are the core's. */
export const enum Header {
  RetryAfter = 0,
  RateLimit = 1,
  RateLimitPolicy = 2,
  LegacyLimit = 3,
  LegacyRemaining = 4,
  LegacyReset = 5,
  Prefer = 6,
}

/** What a call brings along beside method and path. The bits are the core's. */
export const enum CallFlag {
  /** The caller marks it: twice is the same as once. */
  Marked = 1,
  /** The body is a stream: once sent it is gone. */
  OneShot = 2,
  /** Its sender repeats some answers by itself, as postgrest-js does. */
  RepeatedOutside = 4,
  /** It is such a repetition. */
  Repetition = 8,
  /** The two bits from here on are its priority, apart from a normal one's. */
  PriorityShift = 4,
}

export function createCore(environment: Environment): Core {
  compileOnce();
  const half = (): number => Math.floor(environment.random() * 2 ** 32);
  return new Core(half(), half());
}

let compiled = false;

function compileOnce(): void {
  if (compiled) return;
  initSync({ module: bytesOf(wasm) });
  compiled = true;
}
