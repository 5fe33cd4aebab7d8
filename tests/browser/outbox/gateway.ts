/**
 * A page with the real supabase-js and the built package, and the way from it to the real server: open, closed, or
 * losing answers. Same origin for both, so nothing depends on CORS.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** What becomes of a call to the server. */
export type Way = "open" | "closed" | "losing";

export interface Gateway {
  readonly url: string;
  /** Writes that went through to the server, as `METHOD /path`. */
  readonly passed: string[];
  way: Way;
  close(): Promise<void>;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>Outbox</title><script src="/supabase.js"></script>
<script type="module">
  import { createGuard, protect } from "/package/guard.js";
  const { offline = {}, ...options } = JSON.parse(new URLSearchParams(location.search).get("options") ?? "{}");
  const key = await (await fetch("/dev/config")).json().then(({ anonKey }) => anonKey);
  const guard = createGuard({
    retry: { attempts: 1 }, timeout: 5000, breaker: { resetTimeout: 300 },
    limits: { reads: { limit: 10000 }, writes: { limit: 10000 }, rpc: { limit: 10000 } },
    offline: { tables: { notes: { key: "id" } }, grace: 200, baseDelay: 30, maxDelay: 300, ...offline,
      onConflict: (write, failure) => window.conflict?.(write, failure) ?? "setAside" },
    ...options,
  });
  const events = [];
  guard.on("offline", (event) => events.push(event));
  const client = protect(supabase.createClient(location.origin, key,
    { auth: { storageKey: "session", autoRefreshToken: false } }), guard);
  Object.assign(window, { guard, client, events });
</script>`;

/** The same without a page: an agent that can be ended between any two steps. Its token comes from whoever starts it. */
const WORKER = `importScripts("/supabase.js");
  const ready = import("/package/guard.js");
  onmessage = async ({ data: { key, token, round } }) => {
    const { createGuard, protect } = await ready;
    const guard = createGuard({
      retry: { attempts: 1 }, timeout: 5000, breaker: { resetTimeout: 100 },
      limits: { reads: { limit: 10000 }, writes: { limit: 10000 } },
      offline: { tables: { notes: { key: "id" } }, grace: 100, baseDelay: 10, maxDelay: 100 },
    });
    const client = protect(supabase.createClient(location.origin, key, { accessToken: async () => token }), guard);
    for (let note = 0; note < 20; note += 1) {
      const body = round + ", note " + note;
      const own = note % 3 === 2 ? {} : { id: crypto.randomUUID() };
      const { status } = await client.from("notes").insert({ ...own, body, version: 0 });
      if (status >= 200 && status < 300) postMessage([body, 0]);
      for (let version = 1; version <= 2 && own.id; version += 1) {
        const changed = await client.from("notes").update({ version }).eq("id", own.id);
        if (changed.status >= 200 && changed.status < 300) postMessage([body, version]);
      }
    }
  };`;

export async function startGateway(server: string): Promise<Gateway> {
  const passed: string[] = [];
  const gateway = { way: "open" as Way };
  const listener = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? "/").split("?")[0] ?? "/";
    if (/^\/(rest|auth)\//.test(path) && gateway.way === "closed") return void incoming.socket.destroy();
    if (/^\/(rest|auth|dev)\//.test(path)) return forward(server, incoming, outgoing, gateway, passed);
    // A test that runs in the page moves it from there.
    const way = /^\/way\/(open|closed|losing)$/.exec(path)?.[1];
    if (way !== undefined) {
      gateway.way = way as Way;
      return void outgoing.writeHead(204).end();
    }
    void serve(path, outgoing);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    get way() {
      return gateway.way;
    },
    set way(way) {
      gateway.way = way;
    },
    async close() {
      listener.closeAllConnections();
      listener.close();
      await once(listener, "close");
    },
  };
}

function forward(
  server: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  gateway: { way: Way },
  passed: string[],
): void {
  const { method = "GET", url = "/", headers } = incoming;
  const isWrite = method !== "GET" && url.startsWith("/rest/");
  const onwards = request(`${server}${url}`, { method, headers: { ...headers, host: new URL(server).host } }, (answer) => {
    if (isWrite) passed.push(`${method} ${url}`);
    // The server has done it, and nobody hears of it.
    if (isWrite && gateway.way === "losing") {
      answer.resume();
      return void incoming.socket.destroy();
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onwards.on("error", () => incoming.socket.destroy());
  incoming.pipe(onwards);
  // A page that dies does not call back what is on its way.
  incoming.on("error", () => {});
}

async function serve(path: string, outgoing: ServerResponse): Promise<void> {
  const script = (file: string): void => {
    void readFile(file).then(
      (text) => outgoing.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(text),
      () => outgoing.writeHead(404).end(),
    );
  };
  if (path === "/") outgoing.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
  else if (path === "/worker.js") outgoing.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(WORKER);
  else if (path === "/supabase.js") script(join(root, "node_modules/@supabase/supabase-js/dist/umd/supabase.js"));
  else if (/^\/package\/[\w-]+\.js$/.test(path)) script(join(root, "pkg/dist", path.slice("/package/".length)));
  else outgoing.writeHead(404).end();
}
