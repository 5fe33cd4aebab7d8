/** What a guarded fetch was asked to send, read once and sent as often as the core decides. */

import type { Send } from "./attempt.js";
import { type CallOptions, NO_OPTIONS, OPTIONS_HEADER } from "./call-options.js";
import { CallFlag } from "./core.js";
import { loadRest, rest } from "./rest.js";

type Transport = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  readonly flags: number;
  /** The caller's own way to give up. */
  readonly signal: AbortSignal | undefined;
  readonly credentials: RequestCredentials | undefined;
  /** Whether a part of supabase-js made it. */
  readonly fromSupabase: boolean;
  header(name: string): string | null;
  /** All headers, as a copy. */
  headers(): Headers;
  /**
   * Everything but the body that can change the answer, as one text: requests equal in it ask for the same.
   * With another text in the place of the URL, requests that differ in theirs.
   */
  identity(url?: string): string;
  /** What its caller gave: for those who read its body (`request.body.ts`). */
  readonly given: { readonly input: RequestInfo | URL; readonly init: RequestInit | undefined };
  /** The same request but for what is given; `signal: null` cuts it loose from its caller. */
  with(change: RequestChange): OutgoingRequest;
  send(transport: Transport): Send;
  /** Throws what a bare fetch throws for a request that cannot be; returns when it is the network's fault. */
  check(): void;
}

/** What may differ in a request made from another. */
export interface RequestChange extends Pick<RequestInit, "method" | "headers" | "body" | "signal"> {
  readonly url?: string;
}

/** A request's init with the guard's own options for the call beside it. */
interface OptionedInit extends RequestInit {
  seawall?: CallOptions;
}

/** What a call asks of the guard, or will when it has been read; what cannot be read is reported, and asks for nothing. */
type ReadOptions = (report: (error: unknown) => void) => CallOptions | Promise<CallOptions>;

/** What a caller gave to fetch: the request, and apart from it what the guard is asked for, which may be impossible. */
export function readRequest(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): { request: OutgoingRequest; options: ReadOptions } {
  const request = outgoing(input, init);
  const given = (init as OptionedInit | undefined)?.seawall;
  const header = request.header(OPTIONS_HEADER);
  if (header === null) return { request, options: () => given ?? NO_OPTIONS };
  const headers = request.headers();
  headers.delete(OPTIONS_HEADER);
  const options: ReadOptions = (report) => {
    const here = rest();
    if (here) return { ...given, ...here.parseCallOptions(header) };
    return loadRest().catch(report).then((loaded) => ({ ...given, ...loaded?.parseCallOptions(header) }));
  };
  return { request: request.with({ headers }), options };
}

function outgoing(input: RequestInfo | URL, init: RequestInit | undefined): OutgoingRequest {
  const request = input instanceof Request ? input : undefined;
  const headers = headerReader(init?.headers ?? request?.headers);
  const method = (init?.method ?? request?.method ?? "GET").toUpperCase();
  const oneShot = isOneShot(init, request);
  return {
    method,
    url: request ? request.url : String(input),
    flags:
      (headers("idempotency-key") === null ? 0 : CallFlag.Marked) |
      (oneShot ? CallFlag.OneShot : 0) |
      (headers("x-retry-count") === null ? 0 : CallFlag.Repetition),
    // A null cuts it loose, also from the signal inside a Request.
    signal: (init?.signal === undefined ? request?.signal : init.signal) ?? undefined,
    credentials: init?.credentials ?? request?.credentials,
    fromSupabase: headers("x-client-info") !== null,
    header: headers,
    headers: () => new Headers(init?.headers ?? request?.headers),
    given: { input, init },
    identity: (url = request ? request.url : String(input)) => {
      const headers = pairsOf(init?.headers ?? request?.headers).filter(([name]) => !NOISE.test(name));
      const modes = MODES.map((name) => init?.[name] ?? request?.[name]);
      return [method, url, ...modes, ...headers].join("\n");
    },
    with: ({ url, ...change }) => {
      const target = request && url !== undefined ? new Request(url, request) : (request ?? url ?? input);
      return outgoing(target, { ...init, ...change });
    },
    send: (transport) => sender(transport, input, init, request, oneShot),
    check: () => {
      const isGiven = init?.body != null;
      // A body is checked only for being where none may be; what was sent of it cannot be looked at again.
      const body = isGiven && !mayHaveBody(method) ? "" : null;
      new Request(request && (isGiven || !oneShot) ? request.url : input, { method, ...init, body });
    },
  };
}

function sender(
  transport: Transport,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  request: Request | undefined,
  oneShot: boolean,
): Send {
  // A request with a body is used up by sending it: a copy goes out while another may have to.
  if (!request || oneShot || init?.body != null || !mayHaveBody(request.method)) {
    return (signal) => transport(input, { ...init, signal });
  }
  const owned = new Request(request, init);
  return (signal) => transport(owned.clone(), { signal });
}

/** `fetch` upper-cases no method but the common ones; the core compares upper-case names. */
function mayHaveBody(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

function isOneShot(init: RequestInit | undefined, request: Request | undefined): boolean {
  const body = init?.body;
  // A stream, or a body of a kind unknown here (an async iterable in Node), is not sent twice.
  if (typeof body === "object" && body !== null) return !isKeptBody(body);
  return body == null && !!request?.bodyUsed;
}

function isKeptBody(body: object): boolean {
  return (
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof URLSearchParams
  );
}

/** What else of a request says how it is answered. */
const MODES = ["cache", "credentials", "integrity", "mode", "redirect"] as const;

/** Headers that follow a request about and never change its answer. */
const NOISE = /^(?:traceparent|tracestate|baggage|x-request-id)$/i;

/** Name and value of each header, without making a `Headers`; in the order given. */
function pairsOf(headers: HeadersInit | undefined): [string, string][] {
  if (headers === undefined) return [];
  return Symbol.iterator in headers ? ([...headers] as [string, string][]) : Object.entries(headers);
}

/** Reads names from any kind of headers without making a `Headers`, which costs more than the call's decision. */
function headerReader(headers: HeadersInit | undefined): (name: string) => string | null {
  if (headers === undefined) return () => null;
  if (typeof (headers as Headers).get === "function") return (name) => (headers as Headers).get(name);
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers as Record<string, string>);
  return (name) => {
    const found = pairs.find(([key]) => typeof key === "string" && key.toLowerCase() === name);
    return found?.[1] == null ? null : String(found[1]);
  };
}
