/** What the application says of its database and requests do not show. */

import { OptionError } from "../errors.js";
import type { GuardOptions } from "../options.js";

/** The pairs of a relation in the options: `{ room_summary: ["rooms", "messages"] }`. */
export function relations(options: GuardOptions["cache"], which: "reads" | "writes"): [string, string][] {
  if (typeof options !== "object") return [];
  const given: unknown = options[which] ?? {};
  return Object.entries(given as object).flatMap(([name, tables]: [string, unknown]) => {
    if (!Array.isArray(tables) || !tables.every((table) => typeof table === "string")) {
      throw new OptionError(`cache.${which}.${name}`, `cache.${which}.${name} is a list of tables`);
    }
    return tables.map((table): [string, string] => [name, table]);
  });
}
