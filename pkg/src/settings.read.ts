/**
 * Settings by name: looked up in the table, checked against their row, refused with the very words of the Rust core.
 *
 * A page learns of a mistake at once, from `createGuard()`, so this is here and not in the module that loads later. A
 * test gives one list of mistakes to both sides and compares what they say.
 */

import { OptionError } from "./errors.js";
import { TABLE } from "./settings.table.js";
import { SERVICES } from "./vocabulary.js";

/** One row of the table. */
export interface Row {
  readonly path: string;
  readonly kind: string;
  /** 0 at the top of the document only, 1 for services too, 2 for endpoints too. */
  readonly reach: number;
  readonly initial: number;
  readonly words: readonly string[];
  readonly min: number;
  readonly max: number;
}

/** One setting, checked. */
export interface Given {
  /** Where it stands: nowhere in particular (empty), a service's name, or an endpoint's path. */
  readonly place: string;
  /** Its row's number. */
  readonly index: number;
  readonly number: number;
}

export const ROWS: readonly Row[] = TABLE.trim().split("\n").map(rowOf);
const PLACES = new Map(ROWS.map(({ path }, index) => [path, index]));

function rowOf(line: string): Row {
  const [path = "", [kind = "", reach] = "", initial, ...words] = line.split(" ");
  return { path, kind, reach: Number(reach), initial: Number(initial), words, min: Number(words[0]), max: Number(words[1]) };
}

/** The row's number, or -1. */
export function indexOf(path: string): number {
  return PLACES.get(path) ?? -1;
}

/**
 * All settings of a document, in their order. With `implied`, a group that has an `enabled` is switched on by any
 * other setting of it: what a page asks for in its options it wants; what a server publishes it only describes.
 */
export function readSettings(document: unknown, what: string, implied: boolean): Given[] {
  if (!isRecord(document)) throw new OptionError(what, `${what} is an object, not ${shown(document)}`);
  const found: Given[] = [];
  const visit = (branch: Record<string, unknown>, outer: readonly string[]): void => {
    if (implied && outer.length > 0 && branch.enabled === undefined && indexOf(`${keyOf(outer)}.enabled`) >= 0) {
      found.push(readOne(outer, true));
    }
    for (const [name, value] of Object.entries(branch)) {
      const path = [...outer, name];
      if (value === undefined || name.startsWith("$")) continue;
      if (isRecord(value)) visit(value, path);
      else found.push(readOne(path, value));
    }
  };
  visit(document, []);
  return found;
}

/** The path without the place it stands in, in camelCase. */
function keyOf(path: readonly string[]): string {
  const outside = path[0] === "services" || path[0] === "endpoints" ? 2 : 0;
  return path.slice(outside).map(camel).join(".");
}

/** TOML files are written in snake_case. */
function camel(name: string): string {
  // A name with a dot in it is one name, and nobody's.
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()).replaceAll(".", "\0");
}

function readOne(path: readonly string[], value: unknown): Given {
  const name = path.join(".");
  const [group, owner = ""] = path;
  const isService = group === "services" && path.length > 1;
  const isEndpoint = group === "endpoints" && path.length > 1;
  if (isService && !(SERVICES as readonly string[]).includes(owner)) {
    const last = SERVICES.length - 1;
    const all = `${SERVICES.slice(0, last).join(", ")} and ${SERVICES[last]}`;
    throw refused(`services.${owner}`, `is not a service; there are ${all}`, true);
  }
  if (isEndpoint && !owner.startsWith("/")) {
    throw refused(`endpoints.${owner}`, 'is not an endpoint; an endpoint is a path such as "/rest/v1/messages"', true);
  }
  const key = isService || isEndpoint ? keyOf(path) : path.map(camel).join(".");
  let index = indexOf(key);
  if (index < 0 && typeof value === "boolean") index = indexOf(`${key}.enabled`);
  const row = ROWS[index];
  if (!row) throw refused(name, `is not a setting${suggestion(path.slice(isService || isEndpoint ? 2 : 0).join("."))}`, true);
  if (isService && row.reach < 1) throw refused(name, "cannot be set for a service");
  if (isEndpoint && row.reach < 2) throw refused(name, "cannot be set for an endpoint");
  return { place: isService || isEndpoint ? owner : "", index, number: checked(row, name, value) };
}

function checked({ kind, min, max, words }: Row, name: string, value: unknown): number {
  if (kind === "f") {
    if (typeof value !== "boolean") throw refused(name, `must be true or false, not ${found(value)}`);
    return Number(value);
  }
  if (kind === "w") {
    const place = words.indexOf(value as string);
    if (place < 0) throw refused(name, `must be one of ${words.join(", ")}, not ${found(value)}`);
    return place;
  }
  if (typeof value !== "number") throw refused(name, `must be a number, not ${found(value)}`);
  if (!(value >= min && value <= max)) {
    throw refused(name, `must be from ${figure(min)} to ${figure(max)}${kind === "m" ? " ms" : ""}, not ${figure(value)}`);
  }
  if (kind !== "r" && !Number.isInteger(value)) throw refused(name, `must be a whole number, not ${figure(value)}`);
  return value;
}

function refused(option: string, problem: string, unknown = false): OptionError {
  return new OptionError(option, `${option} ${problem}`, unknown ? "unknown_option" : "invalid_option");
}

function found(value: unknown): string {
  if (typeof value === "number") return figure(value);
  if (typeof value === "string") return [...value].slice(0, 40).join("");
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Whole, or with up to six decimals. */
function figure(number: number): string {
  if (Math.abs(number) >= 9e15) return `${number < 0 ? "-" : ""}more than 9000000000000000`;
  return String(Number(number.toFixed(6)));
}

/** The setting that was probably meant: a third of its letters may be wrong. */
function suggestion(asked: string): string {
  let nearest = "";
  let fewest = Infinity;
  for (const { path } of ROWS) {
    const wrong = distance(path.toLowerCase(), asked.slice(0, 64).toLowerCase());
    if (wrong < fewest) [fewest, nearest] = [wrong, path];
  }
  return fewest * 3 <= nearest.length ? `; did you mean ${nearest}?` : "";
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, place) => place);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + Number(a[i] !== b[j]);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : found(value);
}
