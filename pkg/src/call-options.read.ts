/** Options of a call that come in a header: read by what comes with the whole core, since few calls have any. */

import { CACHE_MODES, type CallOptions, EDGES, OPTIONS_HEADER, PRIORITIES } from "./call-options.js";
import { OptionError } from "./errors.js";

/** The options in the header's form, `priority=high; tags=rooms,people`. */
export function parseCallOptions(header: string): CallOptions {
  const options: Record<string, unknown> = {};
  for (const part of header.split(";")) {
    const [name = "", ...rest] = part.split("=");
    if (name.trim() !== "") options[name.trim()] = valueOf(name.trim(), rest.join("=").trim());
  }
  return options as CallOptions;
}

function valueOf(name: string, text: string): unknown {
  switch (name) {
    case "priority":
      return oneOf(PRIORITIES, name, text);
    case "cache":
      return oneOf(CACHE_MODES, name, text);
    case "edge":
      return oneOf(EDGES, name, text);
    case "tags":
      return text.split(",").map((tag) => tag.trim());
    case "debounce":
      return text;
    case "wait":
      return Number(text);
    case "idempotent":
    case "coalesce":
    case "batch":
    case "offline":
      return text !== "false";
    default:
      throw new OptionError(`${OPTIONS_HEADER}.${name}`, `there is no call option "${name}"`, "unknown_option");
  }
}

function oneOf<Word extends string>(words: readonly Word[], name: string, text: string): Word {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) {
    throw new OptionError(`${OPTIONS_HEADER}.${name}`, `${name} is one of ${words.join(", ")}, not "${text}"`);
  }
  return word;
}
