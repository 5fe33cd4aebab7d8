/** What a page asks of the outbox, and how it may steer it. */

import { OptionError } from "../errors.js";
import { isRecord, shown } from "../settings.read.js";

/**
 * What is to become of a write that collides: over what is there, dropped, or kept until somebody decides.
 *
 * @example
 * ```ts
 * import { createGuard, type Resolution } from "seawall";
 *
 * const onConflict = (): Resolution => (window.confirm("Overwrite it?") ? "clientWins" : "serverWins");
 * createGuard({ offline: { onConflict } });
 * ```
 */
export type Resolution = "clientWins" | "serverWins" | "setAside";

/**
 * Why a write is not tried any more.
 *
 * @example
 * ```ts
 * import type { SetAsideReason } from "seawall";
 *
 * const texts: Partial<Record<SetAsideReason, string>> = { conflict: "Somebody was faster.", refused: "That is not allowed." };
 * ```
 */
export type SetAsideReason = "refused" | "conflict" | "unknown" | "exhausted" | "corrupt";

/**
 * One queued write, as `guard.offline.list()` shows it.
 *
 * @example
 * ```ts
 * import type { QueuedWrite } from "seawall";
 *
 * const waits = ({ state, tries }: QueuedWrite) => state === "queued" && tries === 0;
 * show((await guard.offline.list()).filter(waits).length);
 * ```
 */
export interface QueuedWrite {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  /** What it sends: text as text, anything else as bytes. */
  readonly body: string | ArrayBuffer | null;
  readonly state: "queued" | "sending" | "setAside";
  /** Why it was set aside. */
  readonly reason: SetAsideReason | null;
  /** Failures of its own so far. */
  readonly tries: number;
  /** What was last the matter with it. */
  readonly problem: string | null;
  readonly bytes: number;
  /** Wall-clock milliseconds. */
  readonly queuedAt: number;
}

/**
 * The answer, or the lack of one, that brought a queued write to its end.
 *
 * @example
 * ```ts
 * import { createGuard, type OfflineFailure } from "seawall";
 *
 * const describe = ({ status, code, message }: OfflineFailure) => `${status} ${code ?? ""} ${message}`;
 * createGuard({ offline: { onFailure: (write, failure) => show(write.url, describe(failure)) } });
 * ```
 */
export interface OfflineFailure {
  /** The HTTP status, or 0 where no answer came. */
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string;
}

/**
 * How one table takes queued writes.
 *
 * @example
 * ```ts
 * import { createGuard, type OfflineTable } from "seawall";
 *
 * const messages: OfflineTable = { key: "id" };
 * createGuard({ offline: { tables: { messages } } });
 * ```
 */
export interface OfflineTable {
  /** The column that takes a UUID made here: with it an insert can be repeated to no effect. Default `id`. */
  readonly key?: string;
}

/**
 * Writes while there is no network; the settings are described in docs/POLICY.md.
 *
 * @example
 * ```ts
 * import { createGuard, type OfflineOptions } from "seawall";
 *
 * const offline: OfflineOptions = { order: "row", onConflict: () => "serverWins" };
 * createGuard({ offline });
 * ```
 */
export interface OfflineOptions {
  /** Only when the device knows that it has no network, or whenever the server cannot be reached. Default the latter. */
  when?: "offline" | "unreachable";
  /** What becomes of a write that collides. Default `ask`: {@link OfflineOptions.onConflict}, or it is set aside. */
  conflict?: "ask" | "clientWins" | "serverWins";
  /** Which of a user's writes keep their order. Default `table`. */
  order?: "table" | "row";
  /** Tables whose inserts may get a key made here, by name. */
  tables?: { readonly [table: string]: OfflineTable };
  /** A token for replays, where no supabase-js client protected by this guard has one. */
  token?: () => Promise<string | null | undefined> | string | null | undefined;
  /** Decides about a write that collides. */
  onConflict?: (write: QueuedWrite, failure: OfflineFailure) => Promise<Resolution> | Resolution;
  /** Hears of a write that was set aside. */
  onFailure?: (write: QueuedWrite, failure: OfflineFailure) => void;
  /** Any other `offline` setting of the policy document, by its name there. */
  [setting: string]: unknown;
}

/** The settings among the options, for the table to check; what belongs to the page is checked here. */
export function offlineSettings(offline: unknown): unknown {
  if (!isRecord(offline)) return offline;
  const { tables, token, onConflict, onFailure, ...settings } = offline;
  for (const [name, value] of Object.entries({ token, onConflict, onFailure })) {
    if (value !== undefined && typeof value !== "function") {
      throw new OptionError(`offline.${name}`, `offline.${name} must be a function, not ${shown(value)}`);
    }
  }
  if (tables !== undefined && !(isRecord(tables) && Object.values(tables).every(isTable))) {
    throw new OptionError("offline.tables", 'offline.tables must be an object such as { messages: { key: "id" } }');
  }
  return settings;
}

function isTable(value: unknown): boolean {
  return isRecord(value) && (value.key === undefined || typeof value.key === "string");
}
