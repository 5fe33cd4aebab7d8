/**
 * Stand-ins for a project's storage, functions and realtime: not the services, but their protocols as far as
 * supabase-js speaks them. REST and auth are a second server in direct mode.
 */

import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { type WebSocket, WebSocketServer } from "ws";

export interface StandIns {
  url: string;
  /** Objects by bucket and name, as storage got them. */
  objects: Map<string, Buffer>;
  close(): Promise<void>;
}

export async function startStandIns(): Promise<StandIns> {
  const objects = new Map<string, Buffer>();
  const server = createServer((request, response) => void answer(request, response, objects));
  const sockets = new WebSocketServer({ server, path: "/realtime/v1/websocket" });
  const rooms = new Map<string, Set<WebSocket>>();
  sockets.on("connection", (socket) => converse(socket, rooms));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, objects: Map<string, Buffer>): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://stand-in");
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const json = (status: number, value: unknown) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  const functionName = /^\/functions\/v1\/(\w+)$/.exec(pathname)?.[1];
  if (functionName === "stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const word of ["one", "two", "three"]) response.write(`data: ${word}\n\n`);
    response.end();
  } else if (functionName) {
    const asked: unknown = body.length > 0 ? JSON.parse(body.toString()) : null;
    json(200, { name: functionName, asked, authorized: Boolean(request.headers.authorization) });
  } else if (pathname.startsWith("/storage/v1/object/")) {
    storage(request, pathname.slice("/storage/v1/object/".length), body, objects, { json, response });
  } else {
    json(404, { message: "not here" });
  }
}

interface Answering {
  json(status: number, value: unknown): void;
  response: ServerResponse;
}

function storage(request: IncomingMessage, key: string, body: Buffer, objects: Map<string, Buffer>, { json, response }: Answering): void {
  const method = request.method ?? "GET";
  if (key.startsWith("list/")) {
    const bucket = `${key.slice("list/".length)}/`;
    const names = [...objects.keys()].filter((name) => name.startsWith(bucket));
    json(200, names.map((name) => ({ name: name.slice(bucket.length), id: name })));
  } else if (method === "POST" || method === "PUT") {
    objects.set(key, fileOf(request.headers["content-type"] ?? "", body));
    json(200, { Key: key, Id: "00000000-0000-4000-8000-000000000001" });
  } else if (method === "DELETE") {
    const { prefixes } = JSON.parse(body.toString()) as { prefixes: string[] };
    for (const prefix of prefixes) objects.delete(`${key}/${prefix}`);
    json(200, prefixes.map((name) => ({ name })));
  } else {
    const found = objects.get(key.replace(/^(public|authenticated)\//, ""));
    if (found) response.writeHead(200, { "content-type": "application/octet-stream" }).end(found);
    else json(400, { statusCode: "404", error: "not_found", message: "Object not found" });
  }
}

/** The file of a form, or the body as it is. */
function fileOf(media: string, body: Buffer): Buffer {
  const boundary = /boundary=(.+)$/.exec(media)?.[1];
  if (!boundary) return body;
  const text = body.toString("latin1");
  const part = text.split(`--${boundary}`).find((candidate) => candidate.includes('name=""')) ?? "";
  const content = part.slice(part.indexOf("\r\n\r\n") + 4, -2);
  return Buffer.from(content, "latin1");
}

type Row = [string | null, string | null, string, string, unknown];

const PUSHED = 3;
const BROADCAST = 4;

/** Phoenix channels, version 2: joins and heartbeats are answered, broadcasts go to the others of a topic. */
function converse(socket: WebSocket, rooms: Map<string, Set<WebSocket>>): void {
  const reply = ([join, ref, topic]: Row) => socket.send(JSON.stringify([join, ref, topic, "phx_reply", { status: "ok", response: {} }]));
  socket.on("message", (data: Buffer, isBinary) => {
    if (isBinary) return broadcast(socket, data, rooms);
    const row = JSON.parse(data.toString()) as Row;
    const [, , topic, event] = row;
    if (event === "phx_join") rooms.set(topic, (rooms.get(topic) ?? new Set()).add(socket));
    if (event === "phx_leave") rooms.get(topic)?.delete(socket);
    if (event === "phx_join" || event === "phx_leave" || event === "heartbeat") reply(row);
  });
  socket.on("close", () => {
    for (const room of rooms.values()) room.delete(socket);
  });
}

/** A pushed broadcast, as the server sends it to the others. */
function broadcast(from: WebSocket, data: Buffer, rooms: Map<string, Set<WebSocket>>): void {
  if (data[0] !== PUSHED) return;
  const [, join = 0, ref = 0, topicLength = 0, eventLength = 0, metaLength = 0, encoding = 0] = data;
  const names = data.subarray(7 + join + ref);
  const topic = names.subarray(0, topicLength);
  const event = names.subarray(topicLength, topicLength + eventLength);
  const payload = names.subarray(topicLength + eventLength + metaLength);
  const head = Buffer.from([BROADCAST, topicLength, eventLength, 0, encoding]);
  for (const other of rooms.get(topic.toString()) ?? []) {
    if (other !== from) other.send(Buffer.concat([head, topic, event, payload]));
  }
}
