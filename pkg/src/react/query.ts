/**
 * One question of one component: asked when its key changes, given up when nobody listens any more.
 *
 * Nothing is cached here: that is the guard's, for all components and tabs together. What is here is what React needs
 * of a question under way: the latest answer wins, an unmounted component leaves nothing running, and a component
 * that React mounts twice to test it asks once.
 */

import type { Guard } from "../guard.js";
import { systemEnvironment } from "../environment.js";
import type { Explanation } from "../messages.js";

/**
 * What a component shows.
 *
 * @example
 * ```tsx
 * import type { QueryState } from "seawall/react";
 *
 * function Rooms({ state }: { state: QueryState<{ id: number }[]> }) {
 *   return <p aria-busy={state.isFetching}>{state.data?.length ?? 0} rooms</p>;
 * }
 * ```
 */
export interface QueryState<Data> {
  readonly status: "pending" | "success" | "error";
  /** The latest answer; it stays while the next is asked for, and beside an error. */
  readonly data: Data | undefined;
  /** The failure, explained: category, sentence, whether and when to try again. */
  readonly error: Explanation | undefined;
  readonly isFetching: boolean;
}

/** Asks; the signal ends it. */
export type Ask = (signal: AbortSignal) => PromiseLike<unknown>;

export interface Query {
  subscribe(listener: () => void): () => void;
  current(): QueryState<unknown>;
  /** Asks, and forgets whatever is under way; `anew` forgets the answers to the question before, too. */
  ask(ask: Ask, anew: boolean): Promise<void>;
  /** There is nothing to ask for now. */
  rest(): void;
}

export const PENDING: QueryState<unknown> = { status: "pending", data: undefined, error: undefined, isFetching: false };

export function createQuery(guard: Guard): Query {
  const { later } = systemEnvironment();
  const listeners = new Set<() => void>();
  let state = PENDING;
  let controller: AbortController | undefined;
  let latest: Ask | undefined;
  let stop = (): void => {};

  function set(next: Partial<QueryState<unknown>>): void {
    state = { ...state, ...next };
    for (const listener of [...listeners]) listener();
  }

  function giveUp(): void {
    controller?.abort();
    controller = undefined;
  }

  async function ask(question: Ask, anew: boolean): Promise<void> {
    giveUp();
    latest = question;
    const own = new AbortController();
    controller = own;
    set({ ...(anew && PENDING), isFetching: true });
    const end = await answerTo(question, own.signal, guard);
    if (controller !== own) return;
    controller = undefined;
    if ("error" in end) set({ status: "error", error: end.error, isFetching: false });
    else set({ status: "success", data: end.data, error: undefined, isFetching: false });
  }

  /** A circuit has closed: what failed may be asked again. */
  function recovered(): void {
    if (latest && state.error?.retryable && !state.isFetching) void ask(latest, false);
  }

  return {
    current: () => state,
    ask,
    rest() {
      giveUp();
      latest = undefined;
      if (state.isFetching) set({ isFetching: false });
    },
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) stop = guard.on("transition", ({ to }) => to === "closed" && later(recovered));
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop();
        // React may be about to mount it again; only who stays away has left.
        later(() => {
          if (listeners.size > 0) return;
          giveUp();
          // Hidden and shown again (React's `Activity`), it is asked again.
          state = { ...state, isFetching: false };
        });
      };
    },
  };
}

type End = { readonly data: unknown } | { readonly error: Explanation };

/** The data of a result of supabase-js, or whatever else was answered. */
async function answerTo(question: Ask, signal: AbortSignal, guard: Guard): Promise<End> {
  try {
    const answer = await question(signal);
    if (!isResult(answer)) return { data: answer };
    return answer.error ? { error: await guard.explain(answer) } : { data: answer.data };
  } catch (error) {
    return { error: await guard.explain(error) };
  }
}

function isResult(answer: unknown): answer is { data: unknown; error: unknown } {
  return typeof answer === "object" && answer !== null && "data" in answer && "error" in answer;
}
