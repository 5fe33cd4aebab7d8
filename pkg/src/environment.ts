/**
 * The world as the guard sees it: fetch, two clocks, timers, storage, a seed.
 *
 * Nothing else in a guard touches a global. Everything takes an `Environment`, so tests move time and randomness,
 * and a runtime without `localStorage` differs here and nowhere else. What only metrics need is in `metrics/world.ts`.
 */

/**
 * A timer's handle; what it is depends on the runtime.
 *
 * @example
 * ```ts
 * import { createGuard, type TimerHandle } from "seawall";
 *
 * const startTimer = (callback: () => void, delay: number): TimerHandle => setTimeout(callback, delay / 10);
 * const hasty = createGuard({}, { startTimer });
 * ```
 */
export type TimerHandle = unknown;

/**
 * The few methods of `localStorage` that the guard uses.
 *
 * @example
 * ```ts
 * import { createGuard, type TextStorage } from "seawall";
 *
 * const storage: TextStorage = sessionStorage;
 * const guard = createGuard({}, { storage: () => storage });
 * ```
 */
export interface TextStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * Messages between the tabs and workers of an origin; a sender does not hear itself.
 *
 * @example
 * ```ts
 * import { type Channel, createGuard } from "seawall";
 *
 * const silent: Channel = { post: () => {}, listen: () => {}, close: () => {} };
 * const alone = createGuard({}, { channel: () => silent });
 * ```
 */
export interface Channel {
  post(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
  close(): void;
}

/**
 * What the guard needs from the runtime. Every member may be replaced, one by one.
 *
 * @example
 * ```ts
 * import { createGuard, type Environment } from "seawall";
 *
 * const still: Partial<Environment> = { wallNow: () => 0, random: () => 0.5, fetch: async () => Response.json([]) };
 * const guard = createGuard({}, still);
 * ```
 */
export interface Environment {
  /** The fetch that really sends. Looked up late, so that a page may patch its global. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Milliseconds that never run backwards; the origin means nothing. */
  monotonicNow(): number;
  /** Milliseconds since 1970 by the wall clock, which people and servers set as they like. */
  wallNow(): number;
  startTimer(callback: () => void, delay: number): TimerHandle;
  stopTimer(timer: TimerHandle): void;
  /** Lets a process end although this timer runs (`false`), or keeps it alive (`true`). */
  holdProcess(timer: TimerHandle, hold: boolean): void;
  /** A number in [0, 1) that differs from page to page; it seeds the jitter. */
  random(): number;
  /** Storage that outlives the page, or undefined where there is none or it refuses. */
  storage(): TextStorage | undefined;
  /** The page's own origin, whose cookies go along with requests to it; undefined where there is no page. */
  origin(): string | undefined;
  /** False only when the runtime knows that there is no network. */
  online(): boolean;
  /** Calls back when the page may be about to go, or is going (`leaving`); returns the way to stop. */
  onHide(listener: (leaving: boolean) => void): () => void;
  /** Calls back when the page may have slept: shown again, thawed, online again; returns the way to stop. */
  onWake(listener: () => void): () => void;
  /** Calls back when the network is back; returns the way to stop. */
  onOnline(listener: () => void): () => void;
  /** A line to this origin's other tabs and workers, or undefined where there is none. */
  channel(name: string): Channel | undefined;
  /**
   * Does the work while no other tab does work of this name, as soon as none does; where tabs cannot agree, at once.
   * Never to be awaited on a request's way.
   */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Whether {@link Environment.exclusively} really keeps other tabs out. */
  excludes(): boolean;
  /** The names that {@link Environment.exclusively} works under now in any tab; undefined where nobody can tell. */
  atWork(): Promise<string[] | undefined>;
  /** A new UUID, for a key that a row gets here. */
  uuid(): string;
  /** Asks that what is stored be kept when space runs short; whether it will be is the browser's to say. */
  persist(): void;
  /** Calls back soon, when the code that runs now has ended. */
  later(callback: () => void): void;
  /** Tells whoever reads the console. */
  warn(text: string): void;
  /** Reports an error that nobody waits for: a listener that threw. */
  report(error: unknown): void;
}

/** What no first call needs of it comes with the parts that need it (`environment.late.ts`). */
export type LateEnvironment = Pick<Environment, "onOnline" | "excludes" | "atWork" | "uuid" | "persist">;

/** The real world, with what a test replaces. */
export function systemEnvironment(replaced: Partial<Environment> = {}): Environment {
  return { ...system, ...replaced } as Environment;
}

const system: Omit<Environment, keyof LateEnvironment> = {
  fetch: (input, init) => globalThis.fetch(input, init),
  monotonicNow: () => performance.now(),
  wallNow: () => Date.now(),
  startTimer: (callback, delay) => setTimeout(callback, delay),
  stopTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  holdProcess: (timer, hold) => {
    const handle = timer as { ref?(): void; unref?(): void };
    if (hold) handle.ref?.();
    else handle.unref?.();
  },
  random: () => Math.random(),
  storage: usableStorage,
  origin: () => globalThis.location?.origin,
  online: () => globalThis.navigator?.onLine !== false,
  onHide: listenForHiding,
  onWake: listenForWaking,
  channel: openChannel,
  exclusively: async (name, work) => locks()?.request(name, work) ?? work(),
  later: (callback) => queueMicrotask(callback),
  warn: (text) => console.warn(text),
  report: (error) => {
    if (typeof reportError === "function") reportError(error);
    else console.error(error);
  },
};

/** Where tabs agree; a sandboxed frame, which has no origin, may not ask. */
export function locks(): LockManager | undefined {
  return globalThis.origin === "null" ? undefined : globalThis.navigator?.locks;
}

/** Neither a page nor a process: a service worker or an edge runtime, which reads by itself the answers it is given. */
export function handsAnswersOn(): boolean {
  return typeof document === "undefined" && typeof process === "undefined";
}

/** Private windows and sandboxed frames throw on the mere mention of `localStorage`. */
function usableStorage(): TextStorage | undefined {
  try {
    // Node warns when its experimental storage is touched without a file: a process has no page to survive.
    if (typeof document === "undefined" && typeof process !== "undefined") return undefined;
    const storage = globalThis.localStorage;
    storage.getItem("seawall");
    return storage;
  } catch {
    return undefined;
  }
}

function listenForHiding(listener: (leaving: boolean) => void): () => void {
  if (typeof document === "undefined" || typeof addEventListener !== "function") return () => {};
  const whenHidden = (): void => {
    if (document.visibilityState === "hidden") listener(false);
  };
  const whenGoing = (): void => listener(true);
  addEventListener("pagehide", whenGoing);
  document.addEventListener("visibilitychange", whenHidden);
  return () => {
    removeEventListener("pagehide", whenGoing);
    document.removeEventListener("visibilitychange", whenHidden);
  };
}

/** Which of these comes, and in which order, depends on the browser and on what slept. */
function listenForWaking(listener: () => void): () => void {
  const stops: (() => void)[] = [];
  const listen = (target: EventTarget, type: string): void => {
    target.addEventListener(type, listener);
    stops.push(() => target.removeEventListener(type, listener));
  };
  if (typeof document !== "undefined") for (const type of ["visibilitychange", "resume"]) listen(document, type);
  if (typeof addEventListener === "function") for (const type of ["online", "pageshow"]) listen(globalThis, type);
  return () => {
    for (const stop of stops) stop();
  };
}

/** A process has no other tabs, and an open channel would keep it alive. */
function openChannel(name: string): Channel | undefined {
  if (typeof BroadcastChannel === "undefined" || (typeof document === "undefined" && typeof process !== "undefined")) {
    return undefined;
  }
  const channel = new BroadcastChannel(name);
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) => channel.addEventListener("message", ({ data }) => listener(data)),
    close: () => channel.close(),
  };
}

/** The bytes behind base64 text. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return bytesOf(atob(text));
}

/** The bytes behind text that holds one in each character, moved up by `shift`: a `Uint8Array` wraps around by itself. */
export function bytesOf(text: string, shift = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) - shift);
}

/** How far the build moves a module's bytes: its most frequent ones become letters, which take one byte and no escape. */
export const MODULE_SHIFT = 35;
