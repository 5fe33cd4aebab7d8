/**
 * The guard in React, on nothing but subscriptions: no cache, no context beyond the guard itself.
 *
 * Rendered on a server, every hook shows what there is before the first call; the page's first render shows the same.
 */

import { createContext, createElement, type ReactElement, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { OptionError } from "./errors.js";
import type { Breaker } from "./breakers.js";
import type { Guard } from "./guard.js";
import { createQuery, PENDING, type QueryState } from "./react/query.js";
import { watchedSnapshot } from "./react/watch.js";
import type { BreakerSnapshot, GuardSnapshot } from "./snapshot.js";

const GuardContext = createContext<Guard | undefined>(undefined);

/**
 * Hands a guard to everything below.
 *
 * @example
 * ```tsx
 * import { createProtectedClient } from "seawall";
 * import { GuardProvider } from "seawall/react";
 * import type { ReactNode } from "react";
 *
 * const supabase = createProtectedClient(url, key);
 *
 * function App({ children }: { children: ReactNode }) {
 *   return <GuardProvider guard={supabase.guard}>{children}</GuardProvider>;
 * }
 * ```
 */
export function GuardProvider({ guard, children }: { guard: Guard; children?: ReactNode }): ReactElement {
  return createElement(GuardContext.Provider, { value: guard }, children);
}

/**
 * The guard of the nearest {@link GuardProvider}.
 *
 * @example
 * ```tsx
 * import { useGuard } from "seawall/react";
 *
 * function Reset() {
 *   const guard = useGuard();
 *   return <button onClick={() => guard.breakers.get("rest")?.reset()}>Try again</button>;
 * }
 * ```
 */
export function useGuard(): Guard {
  const guard = useContext(GuardContext);
  if (!guard) throw new OptionError("guard", "there is no <GuardProvider guard={…}> around this component");
  return guard;
}

/**
 * Everything the guard knows of itself, kept current; renders at most ten times a second.
 *
 * @example
 * ```tsx
 * import { useSnapshot } from "seawall/react";
 *
 * function Counter() {
 *   const { calls } = useSnapshot();
 *   return <output>{calls.inflight} under way</output>;
 * }
 * ```
 */
export function useSnapshot(): GuardSnapshot {
  const { subscribe, current, before } = watchedSnapshot(useGuard());
  return useSyncExternalStore(subscribe, current, before);
}

/**
 * A breaker as it is now, and the hands to move it; undefined before its first call.
 *
 * @example
 * ```tsx
 * import { type WatchedBreaker } from "seawall/react";
 *
 * function Switch({ breaker }: { breaker: WatchedBreaker }) {
 *   return <button onClick={breaker.forceOpen}>{breaker.key} is {breaker.state}</button>;
 * }
 * ```
 */
export interface WatchedBreaker extends BreakerSnapshot, Pick<Breaker, "forceOpen" | "forceClosed" | "disable" | "reset"> {}

/**
 * The breaker of a service, `rest`, or of an endpoint that has its own, `/rest/v1/messages`.
 *
 * @example
 * ```tsx
 * import { useBreaker } from "seawall/react";
 *
 * function Notice() {
 *   const rest = useBreaker("rest");
 *   return rest?.state === "open" ? <p role="status">One moment, please.</p> : null;
 * }
 * ```
 */
export function useBreaker(key: string): WatchedBreaker | undefined {
  const breaker = useGuard().breakers.get(key);
  const figures = useSnapshot().breakers.find((one) => one.key === key);
  if (!breaker || !figures) return undefined;
  const { forceOpen, forceClosed, disable, reset } = breaker;
  return { ...figures, forceOpen, forceClosed, disable, reset };
}

/**
 * What a question's answer is to a component: the `data` of supabase-js's results, or else the answer itself.
 *
 * @example
 * ```ts
 * import type { DataOf } from "seawall/react";
 *
 * type Rooms = DataOf<{ data: { id: number }[] | null; error: unknown }>;
 * const rooms: Rooms = [{ id: 1 }];
 * ```
 */
export type DataOf<Answer> = Answer extends { data: infer Data; error: unknown } ? NonNullable<Data> : Answer;

/**
 * When {@link useGuardedQuery} asks.
 *
 * @example
 * ```tsx
 * import { type GuardedQueryOptions, useGuardedQuery } from "seawall/react";
 *
 * function Room({ id }: { id?: number }) {
 *   const options: GuardedQueryOptions = { enabled: id !== undefined };
 *   const { data } = useGuardedQuery(["room", id], () => supabase.from("rooms").select().eq("id", id), options);
 *   return <pre>{JSON.stringify(data)}</pre>;
 * }
 * ```
 */
export interface GuardedQueryOptions {
  /** False while there is nothing to ask for yet. Default true. */
  readonly enabled?: boolean;
}

/**
 * A question's state, and the way to ask again.
 *
 * @example
 * ```tsx
 * import { type GuardedQuery } from "seawall/react";
 *
 * function Retry({ query }: { query: GuardedQuery<unknown> }) {
 *   return query.status === "error" ? <button onClick={() => void query.refetch()}>{query.error?.message}</button> : null;
 * }
 * ```
 */
export interface GuardedQuery<Data> extends QueryState<Data> {
  /** Asks again. */
  refetch(): Promise<void>;
}

/**
 * Asks when the component mounts and whenever `key` changes, gives up when it unmounts, and asks again by itself when
 * a circuit closes after it failed. `key` is compared by its JSON.
 *
 * @example
 * ```tsx
 * import { useGuardedQuery } from "seawall/react";
 *
 * function Messages({ room }: { room: number }) {
 *   const { data, error, status } = useGuardedQuery(["messages", room], (signal) =>
 *     supabase.from("messages").select().eq("room_id", room).abortSignal(signal));
 *   return status === "error" ? <p>{error?.message}</p> : <pre>{JSON.stringify(data)}</pre>;
 * }
 * ```
 */
export function useGuardedQuery<Answer>(
  key: unknown,
  ask: (signal: AbortSignal) => PromiseLike<Answer>,
  { enabled = true }: GuardedQueryOptions = {},
): GuardedQuery<DataOf<Answer>> {
  const guard = useGuard();
  const [query] = useState(() => createQuery(guard));
  const question = useRef(ask);
  const asked = useRef<string | undefined>(undefined);
  const name = enabled ? JSON.stringify(key) : undefined;
  const state = useSyncExternalStore(query.subscribe, query.current, () => PENDING);

  useEffect(() => {
    question.current = ask;
  });
  useEffect(() => {
    if (name === undefined) query.rest();
    // Mounted again by React's strict mode, it has been asked already.
    else if (asked.current !== name || !query.current().isFetching) {
      void query.ask((signal) => question.current(signal), asked.current !== name);
    }
    asked.current = name;
  }, [query, name]);

  const refetch = (): Promise<void> => query.ask((signal) => question.current(signal), false);
  return { ...(state as QueryState<DataOf<Answer>>), refetch };
}
