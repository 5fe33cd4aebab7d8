/** A backend that writes down when it was asked for what, and serves an empty page with the package beside it. */

import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";

const dist = resolve(import.meta.dirname, "../../pkg/dist");

const PAGE = `<!doctype html><title>tab</title><script>
  const send = fetch;
  globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("x-sent", String(Date.now()));
    return send(input, { ...init, headers });
  };
</script>`;

export interface Counting {
  readonly url: string;
  /**
   * When each request to the data was sent, in milliseconds: the page stamps them. A browser opens few connections, so
   * on a busy machine a request may arrive long after it was sent, and what a limit bounds is the sending.
   */
  readonly asked: number[];
  /** What the data are answered with from now on; `false` hangs up. */
  answer(status: number | false): void;
  close(): Promise<void>;
}

export async function startCounting(): Promise<Counting> {
  const asked: number[] = [];
  let status: number | false = 200;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path.startsWith("/rest/v1/")) {
      asked.push(Number(request.headers["x-sent"]));
      if (status === false) response.socket?.destroy();
      else response.writeHead(status, { "content-type": "application/json" }).end("[]");
    } else if (path.startsWith("/dist/")) void serve(join(dist, path.slice(6)), response);
    else response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (next) => {
      status = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function serve(file: string, response: ServerResponse): Promise<void> {
  try {
    response.writeHead(200, { "content-type": "text/javascript" }).end(await readFile(file));
  } catch {
    response.writeHead(404).end();
  }
}

/** The most requests in any window of that length. */
export function mostInAnyWindow(asked: readonly number[], window: number): number {
  const within = (start: number): number => asked.filter((at) => at >= start && at < start + window).length;
  return Math.max(0, ...asked.map(within));
}
