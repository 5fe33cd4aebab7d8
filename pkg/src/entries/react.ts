"use client";

/** `seawall/react`: the guard in React 18 and later, which the application brings. */

export { GuardProvider, useBreaker, useGuard, useGuardedQuery, useSnapshot } from "../react.js";
export type { DataOf, GuardedQuery, GuardedQueryOptions, WatchedBreaker } from "../react.js";
export type { QueryState } from "../react/query.js";
