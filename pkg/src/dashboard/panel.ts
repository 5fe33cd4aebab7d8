/** Lists a source has beyond circuits and figures, with what may be done about each row. */

/**
 * Something a hand may do, as a button.
 *
 * @example
 * ```ts
 * import type { PanelAct } from "seawall/dashboard";
 *
 * const act: PanelAct = { label: "Retry", done: "is queued again", run: async () => show("asked for again") };
 * ```
 */
export interface PanelAct {
  readonly label: string;
  /** What is said afterwards, behind the row's or the panel's name. */
  readonly done: string;
  run(): Promise<void>;
}

/**
 * Something a hand may do to what it names in a field.
 *
 * @example
 * ```ts
 * import type { PanelAsk } from "seawall/dashboard";
 *
 * const ask: PanelAsk = { field: "Table", label: "Clear table", done: "is cleared", run: async (table) => show(table) };
 * ```
 */
export interface PanelAsk {
  /** What belongs into the field. */
  readonly field: string;
  readonly label: string;
  /** What is said afterwards, behind what was named. */
  readonly done: string;
  run(text: string): Promise<void>;
}

/**
 * One row of a panel.
 *
 * @example
 * ```ts
 * import type { PanelRow } from "seawall/dashboard";
 *
 * const row: PanelRow = { key: "7", name: "POST /rest/v1/orders", value: "dead", tone: "bad" };
 * ```
 */
export interface PanelRow {
  readonly key: string;
  readonly name: string;
  readonly value?: string;
  readonly note?: string;
  readonly tone?: "good" | "wait" | "bad";
  readonly acts?: readonly PanelAct[];
}

/**
 * A list under a heading.
 *
 * @example
 * ```ts
 * import type { Panel } from "seawall/dashboard";
 *
 * const panel: Panel = { id: "jobs", title: "Dead letters", empty: "None.", rows: [] };
 * ```
 */
export interface Panel {
  readonly id: string;
  readonly title: string;
  /** What stands there when there are no rows. */
  readonly empty: string;
  readonly rows: readonly PanelRow[];
  readonly acts?: readonly PanelAct[];
  /** A field to look through the list with: what is asked for, and who is told. */
  readonly search?: { readonly label: string; readonly button?: string; run(text: string): void };
  /** Fields with a button each; the same ones for as long as the panel is shown. */
  readonly asks?: readonly PanelAsk[];
}
