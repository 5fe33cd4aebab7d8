/** The core's rules under their names. Their numbers are the core's; a test asks it for them. */

import type { Cache } from "../../generated/store/store.js";
import { CATEGORIES, type Category } from "../vocabulary.js";

export type Rules = Cache;

/** What a request is to the cache. */
export const enum Part {
  Read = 0,
  Write = 1,
}

/** How old an answer is. */
export const enum Age {
  Fresh = 0,
  Stale = 1,
  LastKnown = 2,
  Gone = 3,
}

/** What to do with a read. */
export const enum Plan {
  ServeFresh = 0,
  ServeStale = 1,
  ServeStaleAndRevalidate = 2,
  Fetch = 3,
  FetchBriefly = 4,
  Refuse = 5,
}

/** What came of asking the server; from {@link Reply.Failed} on, the category's number more. */
export const enum Reply {
  Keep = 0,
  Renew = 1,
  Discard = 2,
  Pass = 3,
  Failed = 16,
}

/** What an invalidation means. */
export const enum Kind {
  Key = 0,
  Table = 1,
  Tag = 2,
  Pattern = 3,
  User = 4,
  Everything = 5,
}

/** The category that a guard's error carries. */
export function categoryOf(error: unknown): Category | undefined {
  const { category } = (error ?? {}) as { category?: unknown };
  return CATEGORIES.find((known) => known === category);
}
