/**
 * A write made ready for the outbox: read whole, given a key where its table takes one, and looked at for the rows it
 * names. All of it before the first attempt, so that what is sent now and what may be sent again are the same write.
 */

import { outboxColumns, outboxQueueable, outboxRows } from "../../generated/store/store.js";
import type { OfflineParts } from "../offline.js";
import { bodyOf } from "../request.body.js";
import type { Passage } from "../stage.js";
import { SERVICES } from "../vocabulary.js";
import { offlinePage } from "./page.js";
import type { StoredRequest } from "./outbox.js";

/** Whether, and how often, a queued write may be sent. The numbers are the module's. */
const enum Queueable {
  No = 0,
  Once = 1,
}

export interface Writing {
  /** The passage to send, with the key in its body where one was added. */
  readonly passage: Passage;
  readonly stored: StoredRequest;
  /** Whether it may wait at all. */
  readonly queueable: boolean;
  /** Whether twice is as good as once. */
  readonly repeatable: boolean;
  readonly rows: readonly string[];
  readonly bytes: number;
}

/** What it is about does not outlive the page, or is another's affair. */
const NOT_STORED = new Set(["authorization", "content-length", "cookie", "x-retry-count"]);

/** All writes to one table of one server. */
export function laneOf({ request, route }: Passage, parts: OfflineParts): string {
  return originOf(absolute(request.url, parts)) + route.endpoint;
}

export async function readWrite(passage: Passage, parts: OfflineParts): Promise<Writing> {
  const { request, route, options } = passage;
  const url = absolute(request.url, parts);
  const raw = await bodyOf(request);
  const body = raw === null ? null : (textIn(raw) ?? raw);
  const table = route.service === "rest" ? (route.endpoint.split("/").at(-1) ?? "") : "";
  const own = offlinePage(parts.options.offline).tables?.[table];
  const key = own?.key ?? "id";
  const inserts = route.service === "rest" && request.method === "POST";
  const rows = inserts && typeof body === "string" ? rowsIn(body) : undefined;
  const added = own !== undefined && rows !== undefined && giveKeys(rows, key, parts);
  const keyed = own !== undefined && rows !== undefined;
  const [address, query] = split(url);
  const target = added ? joined(address, outboxColumns(query, key)) : url;
  const content = added ? JSON.stringify(/^\s*\[/.test(body as string) ? rows : rows[0]) : body;
  const marked = options.idempotent ?? request.header("idempotency-key") !== null;
  const service = SERVICES.indexOf(route.service);
  const prefer = request.header("prefer") ?? "";
  const allowed = outboxQueueable(service, request.method, split(target)[1], prefer, keyed, marked);
  const stored: StoredRequest = {
    method: request.method,
    url: target,
    headers: storedHeaders(request.headers(), content),
    body: content,
    key: keyed ? key : "",
    service,
    endpoint: route.endpoint,
  };
  return {
    passage: added ? { ...passage, request: request.with({ url: target, body: content }) } : passage,
    stored,
    queueable: allowed !== Queueable.No,
    repeatable: allowed > Queueable.Once,
    rows: rowNames(passage, rows, key, query),
    bytes: sizeOf(stored),
  };
}

function rowNames({ route, request }: Passage, rows: Row[] | undefined, key: string, query: string): readonly string[] {
  if (route.service !== "rest") return ["*"];
  if (request.method !== "POST") return outboxRows(query, key);
  const named = rows?.map((row) => row[key]).filter((value) => typeof value === "string" || typeof value === "number") ?? [];
  // A row without a key is a new one, unless the request says what is to happen to one that is there.
  const mayMeet = rows === undefined || named.length < rows.length;
  return mayMeet && /\bresolution=/.test(request.header("prefer") ?? "") ? ["*"] : named.map(String);
}

type Row = Record<string, unknown>;

/** The rows of an insert in JSON; undefined for anything else. */
export function rowsIn(text: string): Row[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const list = Array.isArray(value) ? value : [value];
    return list.length > 0 && list.every(isRow) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Gives each row that has none a key; tells whether any got one. */
function giveKeys(rows: Row[], key: string, { environment }: OfflineParts): boolean {
  const without = rows.filter((row) => row[key] === undefined || row[key] === null);
  for (const row of without) row[key] = environment.uuid();
  return without.length > 0;
}

function storedHeaders(headers: Headers, body: StoredRequest["body"]): [string, string][] {
  const kept = [...headers].filter(([name]) => !NOT_STORED.has(name));
  // What a fetch says of a text of which nobody says anything.
  if (typeof body === "string" && !headers.has("content-type")) kept.push(["content-type", "text/plain;charset=UTF-8"]);
  return kept;
}

function sizeOf({ url, headers, body }: StoredRequest): number {
  const content = typeof body === "string" ? body.length : (body?.byteLength ?? 0);
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, content + url.length);
}

function textIn(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Another page may have another address to be relative to. */
function absolute(url: string, { environment }: OfflineParts): string {
  return url.includes("://") ? url : new URL(url, environment.origin()).href;
}

function originOf(url: string): string {
  return new URL(url).origin;
}

/** The address up to its query, and the query. */
export function split(url: string): [string, string] {
  const [address = "", ...rest] = (url.split("#")[0] ?? "").split("?");
  return [address, rest.join("?")];
}

export function joined(address: string, query: string): string {
  return query === "" ? address : `${address}?${query}`;
}
