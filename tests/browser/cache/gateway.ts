/**
 * A page with the real supabase-js and the built package, and the way from it to the real server, which can be cut.
 * Same origin for both, so nothing depends on CORS.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** What becomes of a call to the server. */
export type Way = "open" | "cut" | "silent";

export interface Gateway {
  readonly url: string;
  /** Reads and writes that went to the server, as `METHOD /path?query`. */
  readonly passed: string[];
  way: Way;
  close(): Promise<void>;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>Cache</title><script src="/supabase.js"></script>
<script type="module" src="/page.js"></script>`;

export async function startGateway(server: string): Promise<Gateway> {
  const gateway = { way: "open" as Way, passed: [] as string[] };
  const listener = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? "/").split("?")[0] ?? "/";
    if (!/^\/(rest|auth|dev)\//.test(path)) return void serve(path, outgoing);
    if (path.startsWith("/rest/")) {
      if (gateway.way === "cut") return void incoming.socket.destroy();
      if (gateway.way === "silent") return;
      gateway.passed.push(`${incoming.method} ${incoming.url}`);
    }
    forward(server, incoming, outgoing);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  return Object.assign(gateway, {
    url: `http://127.0.0.1:${port}`,
    async close() {
      listener.closeAllConnections();
      listener.close();
      await once(listener, "close");
    },
  });
}

function forward(server: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method = "GET", url = "/", headers } = incoming;
  const onwards = request(`${server}${url}`, { method, headers: { ...headers, host: new URL(server).host } }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onwards.on("error", () => incoming.socket.destroy());
  incoming.pipe(onwards);
  incoming.on("error", () => {});
}

async function serve(path: string, outgoing: ServerResponse): Promise<void> {
  const script = async (file: string): Promise<void> => {
    const text = await readFile(file).catch(() => undefined);
    if (text) outgoing.writeHead(200, { "content-type": "text/javascript; charset=utf-8" }).end(text);
    else outgoing.writeHead(404).end();
  };
  if (path === "/") outgoing.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PAGE);
  else if (path === "/page.js") await script(join(import.meta.dirname, "page.js"));
  else if (path === "/supabase.js") await script(join(root, "node_modules/@supabase/supabase-js/dist/umd/supabase.js"));
  else if (/^\/package\/[\w-]+\.js$/.test(path)) await script(join(root, "pkg/dist", path.slice("/package/".length)));
  else outgoing.writeHead(404).end();
}
