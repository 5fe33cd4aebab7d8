/** What the dashboard says of a server, in one table, so that an application can say it in its own words. */

/**
 * Every text of a server's lists and figures, by name.
 *
 * @example
 * ```ts
 * import type { ServerTexts } from "seawall/dashboard";
 *
 * const german: Partial<ServerTexts> = { deadLetters: "Unzustellbar", retry: "Erneut versuchen" };
 * ```
 */
export type ServerTexts = { readonly [Name in keyof typeof SERVER_TEXTS]: string };

/**
 * What is said where nothing else is given.
 *
 * @example
 * ```ts
 * import { SERVER_TEXTS } from "seawall/dashboard";
 *
 * show(Object.keys(SERVER_TEXTS).length);
 * ```
 */
export const SERVER_TEXTS = {
  instances: "Instances",
  instancesEmpty: "No instance is known.",
  thisOne: "this one",
  allClosed: "all circuits closed",
  up: "up",
  limits: "Near a limit",
  limitsEmpty: "Nobody is near a limit.",
  limitsOff: "Limits are switched off.",
  left: "left",
  of: "of",
  refused: "refused",
  unblock: "Unblock",
  unblockDone: "has its whole burst again",
  deadLetters: "Dead letters",
  deadLettersEmpty: "No write has failed for good.",
  dead: "dead",
  attempts: "attempts",
  since: "since",
  retry: "Retry",
  retryDone: "is queued again",
  jobs: "Waiting writes",
  jobsEmpty: "No write waits.",
  waits: "waits",
  cancel: "Cancel",
  cancelDone: "is cancelled",
  cache: "Response cache",
  cacheEmpty: "Throwing everything away costs the database one read for each answer.",
  clear: "Clear",
  clearDone: "is empty on every instance",
  table: "Table, or schema.table",
  clearTable: "Clear table",
  clearTableDone: "is kept nowhere any more",
  tag: "Tag",
  clearTag: "Clear tag",
  clearTagDone: "is kept nowhere any more",
  sessions: "Ended sessions",
  sessionsEmpty: "Nothing that was ended early could still be used.",
  until: "until",
  endUser: "Sign out everywhere",
  endUserDone: "is signed out everywhere",
  user: "User's id",
  endSession: "End session",
  endSessionDone: "is ended",
  session: "Session's id",
  audit: "Audit",
  auditEmpty: "Nothing was found.",
  auditSearch: "Subject, path, status or request id",
  search: "Search",
  eventsLive: "Events, live",
  eventsLost: "Events, reconnecting",
  eventsEmpty: "Nothing has happened since this page listens.",
  server: "Server",
  version: "Version",
  rlsFailures: "RLS failures, five minutes",
  connections: "Connections in use",
  idle: "idle",
  callsWait: "calls wait",
  queue: "Write queue",
  queued: "Queued",
  oldest: "oldest",
  running: "Running",
  cacheFigures: "Cache",
  fresh: "Answered fresh",
  stale: "Answered stale",
  withStale: "with stale",
  misses: "From the database",
  kept: "Kept",
  unreachable: "The server cannot be reached",
  signIn: "Sign in as an administrator to see this server",
  adminsOnly: "Only administrators may see this server",
  pause: "The server asks for a pause",
  refuses: "The server refuses to answer",
} as const satisfies Record<string, string>;

/** The given texts in the place of the built-in ones. */
export function textsWith(own: Partial<ServerTexts> | undefined): ServerTexts {
  return { ...SERVER_TEXTS, ...own };
}
