/**
 * Chaos for an application's own tests: what a page lives through in the field, on request and the same each time.
 *
 * It stands where the guard meets the world, below retries, breakers and limits, so the application under test is the
 * real one and its guard is the real one. A fault holds until it is lifted, its time has passed, or it has struck as
 * often as it may. Where several fit, the latest strikes first; latency lets the next one strike after it.
 */

import { type Environment, systemEnvironment, type TextStorage } from "./environment.js";
import { type ClockEnvironment, createTestClock, type TestClock } from "./testing.clock.js";

/**
 * Which requests a fault strikes, how often, and for how long.
 *
 * @example
 * ```ts
 * import { createChaos, type Strike } from "seawall/testing";
 *
 * const often: Strike = { rate: 0.5, match: "/rest/v1/rooms", lasting: 5_000 };
 * createChaos().latency([100, 2_000], often);
 * ```
 */
export interface Strike {
  /** The share of the requests, drawn from the seed. Default 1: all. */
  readonly rate?: number;
  /** At most so many requests. */
  readonly times?: number;
  /** Milliseconds until it lifts by itself. */
  readonly lasting?: number;
  /** Only requests whose URL contains this, or matches it. */
  readonly match?: string | RegExp;
}

/**
 * An answer in the place of the backend's.
 *
 * @example
 * ```ts
 * import { createChaos, type Failure } from "seawall/testing";
 *
 * const deadlock: Failure = { status: 500, code: "40P01", rate: 0.1 };
 * createChaos().fail(deadlock);
 * ```
 */
export interface Failure extends Strike {
  /** Default 500. */
  readonly status?: number;
  /** The code in the body, as PostgREST and the auth service put it there. */
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * How chaos begins: its seed, its clock, the backend behind it.
 *
 * @example
 * ```ts
 * import { createChaos, type ChaosOptions } from "seawall/testing";
 *
 * const options: ChaosOptions = { seed: 7, clock: "real" };
 * const chaos = createChaos(options);
 * ```
 */
export interface ChaosOptions {
  /** Begins the random numbers: the same seed, the same chaos. Default 1. */
  readonly seed?: number;
  /** The backend. Default: the runtime's fetch. */
  readonly fetch?: Environment["fetch"];
  /** `manual` (the default) moves by `advance` alone; `real` is the runtime's. */
  readonly clock?: "manual" | "real";
  /** What localStorage holds; hand the same map to two guards and the second is a reload of the first. */
  readonly stored?: Map<string, string>;
}

/**
 * A request as it left the guard.
 *
 * @example
 * ```ts
 * import { createChaos, type SeenRequest } from "seawall/testing";
 *
 * const shown = ({ method, url, at }: SeenRequest) => `${at} ms: ${method} ${url}`;
 * show(createChaos().requests.map(shown));
 * ```
 */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Milliseconds since the chaos began. */
  readonly at: number;
}

/**
 * Lifts a fault before its time.
 *
 * @example
 * ```ts
 * import { createChaos, type Lift } from "seawall/testing";
 *
 * const lift: Lift = createChaos().offline();
 * lift();
 * ```
 */
export type Lift = () => void;

/**
 * What strikes one guard's requests; each method gives the way to lift what it did.
 *
 * @example
 * ```ts
 * import type { Chaos } from "seawall/testing";
 *
 * async function breakAndHeal(chaos: Chaos) {
 *   const lift = chaos.fail({ status: 503 });
 *   await chaos.advance(10_000);
 *   lift();
 *   show(chaos.requests.length);
 * }
 * ```
 */
export interface Chaos extends Pick<TestClock, "advance" | "setWall" | "sleep"> {
  /** Goes to `createGuard(options, chaos.environment)`. */
  readonly environment: Partial<Environment>;
  /** Everything the guard has sent, retries included; a request refused by the guard is not among them. */
  readonly requests: readonly SeenRequest[];
  /** The connection breaks: for so many milliseconds, or until lifted. */
  outage(lasting?: number, strike?: Strike): Lift;
  /** The device has no network, and knows it. */
  offline(lasting?: number): Lift;
  /** Answers come so much later; between two bounds where two are given. */
  latency(millis: number | readonly [number, number], strike?: Strike): Lift;
  /** Requests are answered with a failure. */
  fail(failure?: Failure): Lift;
  /** Answers never come, or never end: `body` sends their headers and then nothing. */
  stall(part?: "answer" | "body", strike?: Strike): Lift;
  /** Lifts all faults. */
  calm(): void;
}

type Blow = (input: RequestInfo | URL, init: RequestInit | undefined, next: Environment["fetch"]) => Promise<Response>;

interface Fault {
  readonly strike: Strike;
  readonly until: number;
  readonly blow: Blow;
  struck: number;
}

/**
 * Makes faults, latency, outages and time for one guard, all in a test's hands.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 * import { createChaos } from "seawall/testing";
 *
 * const chaos = createChaos({ fetch: async () => Response.json([]) });
 * const guard = createGuard({}, chaos.environment);
 * chaos.outage(30_000);
 * const call = guard.fetch(`${url}/rest/v1/rooms`).catch((error) => show(error.code));
 * await chaos.advance(60_000);
 * ```
 */
export function createChaos(options: ChaosOptions = {}): Chaos {
  const { seed = 1, clock: kind = "manual", stored = new Map<string, string>() } = options;
  const system = systemEnvironment();
  const clock = createTestClock();
  const time: ClockEnvironment = kind === "manual" ? clock.environment : system;
  const began = time.monotonicNow();
  const random = seeded(seed);
  const faults: Fault[] = [];
  const requests: SeenRequest[] = [];
  const backIn = new Set<() => void>();
  let away: Fault[] = [];

  const isOver = ({ strike, struck, until }: Fault): boolean => struck >= (strike.times ?? Infinity) || time.monotonicNow() >= until;

  function add(list: Fault[], strike: Strike, blow: Blow): Lift {
    const { lasting = Infinity } = strike;
    const fault: Fault = { strike, until: time.monotonicNow() + lasting, blow, struck: 0 };
    list.unshift(fault);
    return () => {
      const place = list.indexOf(fault);
      if (place >= 0) list.splice(place, 1);
    };
  }

  function fits(fault: Fault, url: string): boolean {
    const { match, rate = 1 } = fault.strike;
    if (isOver(fault)) return false;
    if (match !== undefined && !(typeof match === "string" ? url.includes(match) : match.test(url))) return false;
    return rate >= 1 || random() < rate;
  }

  const backend: Environment["fetch"] = (input, init) => (options.fetch ?? system.fetch)(input, init);

  const fetch: Environment["fetch"] = async (input, init) => {
    const { method, url } = nameOf(input, init);
    requests.push({ method, url, at: time.monotonicNow() - began });
    init?.signal?.throwIfAborted();
    if (isAway()) throw new TypeError("fetch failed: there is no network");
    return strikeFrom([...faults], url)(input, init);
  };

  /** What becomes of a request that these faults are left for. */
  function strikeFrom([fault, ...others]: Fault[], url: string): Environment["fetch"] {
    if (!fault) return backend;
    if (!fits(fault, url)) return strikeFrom(others, url);
    fault.struck += 1;
    return (input, init) => fault.blow(input, init, strikeFrom(others, url));
  }

  const isAway = (): boolean => away.some((fault) => !isOver(fault));

  const wait = (millis: number, signal: AbortSignal | null | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = time.startTimer(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, millis);
      const stop = (): void => {
        time.stopTimer(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
    });

  return {
    ...clock,
    requests,
    environment: { ...time, fetch, random, storage: () => storageIn(stored), online: () => !isAway(), onOnline: listenTo(backIn) },
    outage: (lasting = Infinity, strike = {}) =>
      add(faults, { ...strike, lasting }, async () => {
        throw new TypeError("fetch failed: the connection broke");
      }),
    offline(lasting = Infinity) {
      const back = (): void => {
        if (!isAway()) for (const listener of [...backIn]) listener();
      };
      if (lasting < Infinity) time.startTimer(back, lasting);
      const lift = add(away, { lasting }, backend);
      return () => {
        lift();
        back();
      };
    },
    latency: (millis, strike = {}) =>
      add(faults, strike, async (input, init, next) => {
        const [least, most] = typeof millis === "number" ? [millis, millis] : millis;
        await wait(least + random() * (most - least), init?.signal);
        return next(input, init);
      }),
    fail: ({ status = 500, code, message = "made to fail", headers = {}, ...strike } = {}) =>
      add(faults, strike, async () => {
        return Response.json({ code: code ?? null, message, details: null, hint: null }, { status, headers });
      }),
    stall: (part = "answer", strike = {}) =>
      add(faults, strike, async (_input, init) => {
        const signal = init?.signal;
        if (part === "body") return new Response(endless(signal), { headers: { "content-type": "application/json" } });
        return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
      }),
    calm() {
      faults.length = 0;
      away = [];
      for (const listener of [...backIn]) listener();
    },
  };
}

function listenTo(listeners: Set<() => void>): (listener: () => void) => () => void {
  return (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
}

/** The beginning of a body, and nothing more. */
function endless(signal: AbortSignal | null | undefined): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("["));
      signal?.addEventListener("abort", () => controller.error(signal.reason), { once: true });
    },
  });
}

function nameOf(input: RequestInfo | URL, init: RequestInit | undefined): { method: string; url: string } {
  const request = input instanceof Request ? input : undefined;
  return { method: (init?.method ?? request?.method ?? "GET").toUpperCase(), url: request?.url ?? String(input) };
}

function storageIn(stored: Map<string, string>): TextStorage {
  return {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => void stored.set(key, value),
    removeItem: (key) => void stored.delete(key),
  };
}

/** Numbers in [0, 1) by a linear congruence: nothing hangs on their quality, all on their being the same. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
