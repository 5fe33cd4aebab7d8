/** Settings on their way into the core: all of them or none. */

import type { Core } from "./core.js";
import { OptionError } from "./errors.js";
import type { Setting } from "./options.js";

/** Takes the settings over; throws an {@link OptionError} for the first that is refused, and changes nothing. */
export function applySettings(core: Core, settings: readonly Setting[], now: number): void {
  core.beginPolicy();
  for (const setting of settings) throwIfRefused(give(core, setting));
  throwIfRefused(core.applyPolicy(now));
}

function give(core: Core, { path, value }: Setting): string {
  switch (typeof value) {
    case "number":
      return core.setNumber(path, value);
    case "string":
      return core.setText(path, value);
    default:
      return core.setOther(path, kindOf(value));
  }
}

/** The core's number for what no setting takes. */
function kindOf(value: unknown): number {
  if (typeof value === "boolean") return 0;
  if (value === null) return 1;
  if (Array.isArray(value)) return 2;
  return typeof value === "object" ? 3 : 4;
}

/** A refusal is the kind, the option's name and the text, a line each. */
function throwIfRefused(refusal: string): void {
  if (refusal === "") return;
  const [kind, option = "", ...message] = refusal.split("\n");
  throw new OptionError(option, message.join("\n"), kind === "u" ? "unknown_option" : "invalid_option");
}
