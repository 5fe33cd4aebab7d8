/** A real HTTP server that answers as each test says, and keeps what it was asked. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

export type Behaviour = (received: Received, response: ServerResponse) => void;

export interface Backend {
  readonly url: string;
  readonly received: Received[];
  /** What every request from now on is answered with. */
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export async function startBackend(behaviour: Behaviour = json(200, [])): Promise<Backend> {
  let current = behaviour;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks) };
      received.push(one);
      current(one, response);
    });
    request.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    behave: (next) => {
      current = next;
    },
    close: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** An address where nothing listens. */
export async function deadAddress(): Promise<string> {
  const backend = await startBackend();
  await backend.close();
  return backend.url;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return (_received, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Behaviour {
  return (_received, response) => {
    response.writeHead(status, { "content-type": "text/plain", ...headers });
    response.end(body);
  };
}

/** Headers and the beginning of a body, then nothing. */
export const stall: Behaviour = (_received, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('[{"id":1}');
};

/** Takes the request and says nothing at all. */
export const silence: Behaviour = () => {};

/** Breaks the connection. */
export const hangUp: Behaviour = (_received, response) => {
  response.socket?.destroy();
};

/** Each behaviour in turn, the last one for ever. */
export function inTurn(...behaviours: Behaviour[]): Behaviour {
  let index = 0;
  return (received, response) => {
    const behaviour = behaviours[Math.min(index, behaviours.length - 1)];
    index += 1;
    behaviour?.(received, response);
  };
}
