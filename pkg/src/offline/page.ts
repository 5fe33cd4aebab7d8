/** What of the options is no setting and stays with the page; apart, so that the outbox's file need not check settings. */

import type { OfflineOptions } from "./options.js";

export type OfflinePage = Pick<OfflineOptions, "tables" | "token" | "onConflict" | "onFailure">;

/** Of options that were checked. */
export function offlinePage(offline: unknown): OfflinePage {
  return typeof offline === "object" && offline ? offline : {};
}
