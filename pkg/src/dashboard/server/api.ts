/** One server's admin API: JSON in, JSON out, refusals as errors with their code. */

import type { Words } from "../words.js";
import { tokenFrom, type TokenProvider } from "./token.js";

const PATIENCE = 10_000;

/** The server's own word on why not. */
export class ServerRefusal extends Error {
  override readonly name = "ServerRefusal";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Milliseconds to leave it alone. */
    readonly wait: number,
  ) {
    super(message);
  }
}

export interface Api {
  get<Answer>(path: string): Promise<Answer>;
  send(method: "POST" | "DELETE", path: string, body?: unknown): Promise<void>;
  /** An answer that goes on; `signal` ends it. */
  stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
}

export function api(base: URL, token: TokenProvider, words: Words): Api {
  async function ask(path: string, init: RequestInit): Promise<Response> {
    const bearer = await tokenFrom(token);
    if (bearer === undefined) throw new ServerRefusal(401, "", words.t.nobody, 0);
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${bearer}`);
    const response = await fetch(new URL(path, base), { ...init, headers, cache: "no-store", credentials: "omit", redirect: "error" });
    if (!response.ok) throw await refusal(response, words);
    return response;
  }

  return {
    async get(path) {
      return (await ask(path, { signal: AbortSignal.timeout(PATIENCE) })).json();
    },
    async send(method, path, body) {
      const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      await (await ask(path, { method, ...init, signal: AbortSignal.timeout(PATIENCE) })).arrayBuffer();
    },
    async stream(path, signal) {
      const { body } = await ask(path, { signal, headers: { accept: "text/event-stream" } });
      if (!body) throw new TypeError("a stream without a body");
      return body;
    },
  };
}

async function refusal(response: Response, { say, number }: Words): Promise<ServerRefusal> {
  const body: unknown = await response.json().catch(() => undefined);
  const said = typeof body === "object" && body !== null ? (body as { code?: unknown; message?: unknown }) : {};
  const seconds = Number(response.headers.get("retry-after"));
  const wait = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), 300) * 1_000 : 0;
  return new ServerRefusal(response.status, String(said.code ?? ""), String(said.message ?? say("answeredWith", { n: number(response.status) })), wait);
}
