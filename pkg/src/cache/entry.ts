/** An answer as it is kept, and back again. */

import type { Question } from "./question.js";

/** A plain object: IndexedDB and memory hold the same. */
export interface Entry {
  readonly key: string;
  readonly user: string;
  readonly path: string;
  readonly tables: string[];
  readonly tags: string[];
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: [string, string][];
  readonly body: ArrayBuffer;
  /** Wall-clock milliseconds. */
  readonly stored: number;
  /** Its `Cache-Control`. */
  readonly control: string;
  readonly etag: string | null;
  /** Bytes it takes, about. */
  readonly size: number;
}

/** What a caller reads in `x-seawall-cache`. */
export type Freshness = "fresh" | "stale" | "revalidated" | "miss";

export const CACHE_HEADER = "x-seawall-cache";

/** What a 304 says of itself alone. */
const OF_THIS_ANSWER = new Set(["content-length", "age", CACHE_HEADER]);

/** Labels and headers take room too. */
const OVERHEAD = 500;

export function entryOf(question: Question, response: Response, body: ArrayBuffer, stored: number): Entry {
  const { key, user, path, tables, tags } = question;
  const headers = [...response.headers].filter(([name]) => name !== "age" && name !== CACHE_HEADER);
  const text = headers.reduce((sum, [name, value]) => sum + name.length + value.length, path.length + OVERHEAD);
  return {
    key,
    user,
    path,
    tables,
    tags,
    url: response.url,
    status: response.status,
    statusText: response.statusText,
    headers,
    body,
    stored,
    control: response.headers.get("cache-control") ?? "",
    etag: response.headers.get("etag"),
    size: body.byteLength + text,
  };
}

/** The same answer, found unchanged: what its 304 says anew replaces what it said before. */
export function renewed(entry: Entry, response: Response, stored: number): Entry {
  const headers = new Headers(entry.headers);
  for (const [name, value] of response.headers) if (!OF_THIS_ANSWER.has(name)) headers.set(name, value);
  return { ...entry, headers: [...headers], stored, control: headers.get("cache-control") ?? "" };
}

/** Whether what a disk gave is an entry. It may be damaged, or somebody else's. */
export function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { key, user, path, url, status, statusText, headers, body, stored, control, size, tables, tags } = value as Entry;
  return (
    [key, user, path, url, statusText, control].every((text) => typeof text === "string") &&
    (status === 200 || status === 206) &&
    body instanceof ArrayBuffer &&
    Number.isFinite(stored) &&
    Number.isFinite(size) &&
    [headers, tables, tags].every(Array.isArray)
  );
}

/** A `Response` like the one that was kept, marked. */
export function responseOf(entry: Entry, freshness: Freshness, age: number): Response {
  const headers: [string, string][] = [...entry.headers, [CACHE_HEADER, freshness]];
  if (freshness !== "miss") headers.push(["age", String(Math.floor(Math.max(0, age) / 1_000))]);
  const { status, statusText, url } = entry;
  return from(url, new Response(entry.body, { status, statusText, headers }));
}

/** A `Response` as if it had come from that address, and so its copies. */
export function from(url: string, response: Response): Response {
  const clone = (): Response => from(url, Response.prototype.clone.call(response));
  return Object.defineProperties(response, { url: { value: url }, clone: { value: clone } });
}
