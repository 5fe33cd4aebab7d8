/** Makes a request of the steps of a query, sends it, and puts its answer in the shape that supabase-js gives. */

import { build_query } from "../generated/shape/shape.js";

import type { QueryAddress, Step } from "./queries.js";
import type { QueryError, QueryResult } from "./queries.types.js";

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** What a query gathers beside the steps that Rust knows. */
interface Gathered {
  /** Flat: a step's name, the number of its words, the words. */
  readonly steps: string[];
  readonly headers: Record<string, string>;
  readonly prefer: Set<string>;
  /** Orders so far, by the parameter they stand in. */
  readonly orders: Map<string, string>;
  method: string | undefined;
  isWrite: boolean;
  count: boolean;
  maybe: boolean;
  signal: AbortSignal | undefined;
}

interface Options {
  readonly head?: boolean;
  readonly get?: boolean;
  readonly count?: string;
  readonly defaultToNull?: boolean;
  readonly onConflict?: string;
  readonly ignoreDuplicates?: boolean;
  readonly referencedTable?: string;
  readonly ascending?: boolean;
  readonly nullsFirst?: boolean;
  readonly config?: string;
  readonly type?: string;
}

export async function runQuery(address: QueryAddress, fetch: Fetch, steps: readonly Step[]): Promise<QueryResult<unknown>> {
  const gathered: Gathered = {
    steps: [],
    headers: {},
    prefer: new Set(),
    orders: new Map(),
    method: undefined,
    isWrite: false,
    count: false,
    maybe: false,
    signal: undefined,
  };
  for (const step of steps) gather(gathered, step);
  for (const [parameter, order] of gathered.orders) push(gathered, "pair", parameter, order);
  const base = `${address.url?.replace(/\/$/, "")}/rest/v1`;
  const [method = "GET", url = base, body = "", ...pairs] = build_query(base, address.schema ?? "", gathered.steps);
  const headers = new Headers();
  for (let at = 0; at < pairs.length; at += 2) headers.set(pairs[at] ?? "", pairs[at + 1] ?? "");
  const token = (await address.accessToken?.()) ?? address.key;
  if (address.key !== undefined) headers.set("apikey", address.key);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  headers.delete("prefer");
  if (gathered.prefer.size > 0) headers.set("prefer", [...gathered.prefer].join(","));
  for (const [name, value] of Object.entries(gathered.headers)) headers.set(name, value);
  const sent = gathered.method ?? method;
  const hasBody = sent !== "GET" && sent !== "HEAD" && body !== "";
  const init = { method: sent, headers, ...(hasBody && { body }), ...(gathered.signal && { signal: gathered.signal }) };
  return read(await fetch(url, init), gathered);
}

function push({ steps }: Gathered, name: string, ...words: string[]): void {
  steps.push(name, String(words.length), ...words);
}

function gather(query: Gathered, [name, ...given]: Step): void {
  const [first, second, third] = given;
  const text = String(first);
  const last = (given.at(-1) ?? {}) as Options;
  switch (name) {
    case "table":
      return push(query, "from", text);
    case "rpc":
      return gatherCall(query, text, (second ?? {}) as Record<string, unknown>, (third ?? {}) as Options);
    case "select":
      push(query, "select", first === undefined ? "*" : withoutSpaces(text));
      if (query.isWrite) return void query.prefer.add("return=representation");
      if ((second as Options | undefined)?.head) query.method = "HEAD";
      return counting(query, (second ?? {}) as Options);
    case "insert":
    case "upsert":
    case "update":
      return gatherWrite(query, name, first, (second ?? {}) as Options);
    case "delete":
      query.isWrite = true;
      push(query, "delete");
      return counting(query, last);
    case "in":
      return push(query, "in", text, ...[...new Set(second as unknown[])].map(element));
    case "contains":
    case "containedBy":
    case "overlaps":
      return push(query, name, text, composite(second));
    case "like":
    case "ilike":
      return push(query, "pair", text, `${name}.${String(second)}`);
    case "match":
      for (const [column, value] of Object.entries(first as Record<string, unknown>)) push(query, "eq", column, String(value));
      return;
    case "not":
      return push(query, "not", text, String(second), String(third));
    case "or":
      if (last.referencedTable === undefined) return push(query, "or", text);
      return push(query, "pair", `${last.referencedTable}.or`, `(${text})`);
    case "filter":
      return push(query, "pair", text, `${String(second)}.${String(third)}`);
    case "textSearch":
      return gatherSearch(query, text, String(second), (third ?? {}) as Options);
    case "order":
      return gatherOrder(query, text, (second ?? {}) as Options);
    case "limit":
      return push(query, "pair", within(last, "limit"), text);
    case "range":
      push(query, "pair", within(last, "offset"), text);
      return push(query, "pair", within(last, "limit"), String(Number(second) - Number(first) + 1));
    case "maybeSingle":
      query.maybe = true;
      return;
    case "setHeader":
      query.headers[text] = String(second);
      return;
    case "abortSignal":
      query.signal = first as AbortSignal;
      return;
    default:
      // Rust knows it, or says that there is no such step.
      push(query, name, ...given.map(String));
  }
}

function gatherCall(query: Gathered, name: string, args: Record<string, unknown>, options: Options): void {
  push(query, "rpc", name, JSON.stringify(args));
  counting(query, options);
  if (!options.get && !options.head) return;
  query.method = options.head ? "HEAD" : "GET";
  for (const [argument, value] of Object.entries(args)) {
    if (value !== undefined) push(query, "pair", argument, Array.isArray(value) ? `{${value.join(",")}}` : String(value));
  }
}

function gatherWrite(query: Gathered, name: string, values: unknown, options: Options): void {
  query.isWrite = true;
  if (name === "upsert") {
    query.prefer.add(`resolution=${options.ignoreDuplicates ? "ignore" : "merge"}-duplicates`);
  }
  push(query, name, JSON.stringify(values));
  if (options.onConflict !== undefined) push(query, "onConflict", options.onConflict);
  counting(query, options);
  if (options.defaultToNull === false) query.prefer.add("missing=default");
  if (!Array.isArray(values)) return;
  const columns = new Set(values.flatMap((row: object) => Object.keys(row)));
  if (columns.size > 0) push(query, "pair", "columns", [...columns].map((column) => `"${column}"`).join(","));
}

function gatherSearch(query: Gathered, column: string, words: string, { type, config }: Options): void {
  const kinds: Record<string, string> = { plain: "pl", phrase: "ph", websearch: "w" };
  const kind = kinds[type ?? ""] ?? "";
  push(query, "pair", column, `${kind}fts${config === undefined ? "" : `(${config})`}.${words}`);
}

function gatherOrder({ orders }: Gathered, column: string, options: Options): void {
  const parameter = within(options, "order");
  const nulls = options.nullsFirst === undefined ? "" : options.nullsFirst ? ".nullsfirst" : ".nullslast";
  const before = orders.get(parameter);
  const own = `${column}.${options.ascending === false ? "desc" : "asc"}${nulls}`;
  orders.set(parameter, before === undefined ? own : `${before},${own}`);
}

function within({ referencedTable }: Options, parameter: string): string {
  return referencedTable === undefined ? parameter : `${referencedTable}.${parameter}`;
}

function counting(query: Gathered, { count }: Options): void {
  if (count === undefined) return;
  query.count = true;
  query.prefer.add(`count=${count}`);
}

/** Spaces outside of quotes are for the reader. */
function withoutSpaces(columns: string): string {
  return columns.replace(/"[^"]*"|\s+/g, (part) => (part.startsWith('"') ? part : ""));
}

/** An element of a list, quoted where its own characters would be taken for the list's. */
function element(value: unknown): string {
  const text = String(value);
  return typeof value === "string" && /[,()"\\]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}

function composite(value: unknown): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? `{${value.join(",")}}` : JSON.stringify(value);
}

async function read(response: Response, { maybe, count, method }: Gathered): Promise<QueryResult<unknown>> {
  const { status, statusText } = response;
  const text = method === "HEAD" ? "" : await response.text();
  if (!response.ok) {
    const error = parsed(text) as Partial<QueryError> | undefined;
    const whole = { code: "", message: text || statusText, details: null, hint: null, ...error };
    return { data: null, error: whole, count: null, status, statusText };
  }
  const range = count ? (response.headers.get("content-range") ?? "").split("/")[1] : undefined;
  const counted = range === undefined || range === "*" ? null : Number(range);
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  const data = text === "" ? null : isJson ? parsed(text) : text;
  if (!maybe || !Array.isArray(data)) return { data, error: null, count: counted, status, statusText };
  if (data.length > 1) {
    const error = {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: `The result contains ${data.length} rows`,
      hint: null,
    };
    return { data: null, error, count: null, status: 406, statusText: "Not Acceptable" };
  }
  return { data: data[0] ?? null, error: null, count: counted, status, statusText };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
