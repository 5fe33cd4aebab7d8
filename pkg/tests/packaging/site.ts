/** A small backend that counts what it is asked, and the folder of pages beside it. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

export interface Site {
  readonly url: string;
  /** Every request to the service, preflights apart: "GET /rest/v1/rows". */
  readonly requests: string[];
  /** What the application tells of itself. */
  reported(): Promise<unknown>;
  close(): Promise<void>;
}

export interface SiteOptions {
  /** The folder whose files are pages. */
  folder?: string;
  /** Headers on every page. */
  headers?: Record<string, string>;
}

const REPORT_LIMIT_MS = 30_000;

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Answers every origin, as Supabase does. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, authorization",
  "access-control-allow-methods": "*",
};

export async function startSite({ folder, headers = {} }: SiteOptions = {}): Promise<Site> {
  const requests: string[] = [];
  let tell: (report: unknown) => void = () => {};
  const report = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (request.method === "OPTIONS") return respond(response, 204, "", CORS);
    if (pathname === "/report") return void bodyOf(request).then((body) => (tell(JSON.parse(body)), respond(response, 204, "", CORS)));
    if (pathname.startsWith("/rest/v1/")) {
      requests.push(`${request.method} ${pathname}`);
      const rows = pathname.endsWith("/rows");
      const body = rows ? [{ id: 1 }, { id: 2 }] : { message: "out of order" };
      return respond(response, rows ? 200 : 503, JSON.stringify(body), { ...CORS, "content-type": "application/json" });
    }
    void givePage(folder, pathname, headers, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    reported: () => inTime(report),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function givePage(folder: string | undefined, pathname: string, headers: Record<string, string>, response: ServerResponse): Promise<void> {
  const path = folder === undefined ? "" : join(folder, normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return respond(response, 404, "no such page", headers);
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", ...headers });
  createReadStream(path).pipe(response);
}

function respond(response: ServerResponse, status: number, body: string, headers: Record<string, string>): void {
  response.writeHead(status, headers);
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function inTime(report: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the application reported nothing")), REPORT_LIMIT_MS);
  });
  return Promise.race([report, late]).finally(() => clearTimeout(timer));
}
