/**
 * A page without a bundler: the package's own files, plain HTML, a strict policy, and a server that takes metrics.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";

const dist = resolve(import.meta.dirname, "../../pkg/dist");

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'";

export interface PlainPage {
  readonly url: string;
  /** The batches that arrived, as they were. */
  readonly batches: { page: string; sequence: number; endpoints: { endpoint: string; calls: number }[] }[];
  /** Requests that the ingest endpoint had, whatever it answered. */
  readonly asked: () => number;
  /** What the ingest endpoint answers from now on. */
  answer(status: number): void;
  close(): Promise<void>;
}

/** `modules` are further scripts of the page, by their paths. */
export async function startPlainPage(script: string, body = "", modules: Readonly<Record<string, string>> = {}): Promise<PlainPage> {
  const batches: PlainPage["batches"] = [];
  let status = 202;
  let asked = 0;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    response.setHeader("content-security-policy", POLICY);
    if (path === "/") return response.setHeader("content-type", "text/html").end(htmlOf(body));
    if (path === "/page.js") return response.setHeader("content-type", "text/javascript").end(script);
    if (Object.hasOwn(modules, path)) return response.setHeader("content-type", "text/javascript").end(modules[path]);
    if (path.startsWith("/rest/v1/")) return response.setHeader("content-type", "application/json").end("[]");
    if (path === "/ingest") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      asked += 1;
      if (status < 300) batches.push(JSON.parse(String(Buffer.concat(chunks))) as PlainPage["batches"][number]);
      return response.writeHead(status).end();
    }
    const file = await readFile(join(dist, path.replace("/seawall/", ""))).catch(() => null);
    if (!file || path.includes("..")) return response.writeHead(404).end();
    return response.setHeader("content-type", "text/javascript").end(file);
  });
  server.unref();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    batches,
    asked: () => asked,
    answer: (next) => {
      status = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function htmlOf(body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plain</title><link rel="icon" href="data:,"></head>
<body><main>${body}</main><script type="module" src="/page.js"></script></body></html>`;
}
