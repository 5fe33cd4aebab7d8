/** Calls with one key become one, and nobody is left waiting. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { type CallOptions, createGuard, type Guard } from "seawall";

import { type Backend, startBackend } from "./backend.js";

let backend: Backend;
let guard: Guard;

beforeEach(async () => {
  backend = await startBackend(({ url, body }, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ url, body: body.toString() }));
  });
  guard = createGuard({ storage: "memory" });
});

afterEach(async () => {
  guard.close();
  await backend.close();
});

function call(query: string, options: CallOptions, init: RequestInit = {}): Promise<string> {
  const request = guard.fetch(`${backend.url}/rest/v1/t?q=${query}`, { ...init, seawall: options } as RequestInit);
  return request.then((response) => response.text());
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

test("the latest of a burst is sent once it is quiet, and all get its answer", async () => {
  const answers = await Promise.all(["a", "ab", "abc"].map((query) => call(query, { debounce: "search", wait: 30 })));
  assert.deepEqual(backend.received.map(({ url }) => url), ["/rest/v1/t?q=abc"]);
  assert.equal(new Set(answers).size, 1);
  assert.match(answers[0] ?? "", /q=abc/);
});

test("a write is saved as it was left", async () => {
  const save = (body: string) => call("x", { debounce: "draft", wait: 20 }, { method: "PATCH", body });
  await Promise.all([save("one"), save("two")]);
  assert.deepEqual(backend.received.map(({ body }) => body.toString()), ["two"]);
});

test("the first of a burst is sent at once when asked for, later ones end as it does", async () => {
  const options: CallOptions = { debounce: "click", wait: 400, edge: "leading" };
  const first = await call("a", options);
  const second = await call("b", options);
  assert.equal(second, first);
  await pause(700);
  assert.match(await call("c", options), /q=c/);
  assert.equal(backend.received.length, 2);
});

test("keys do not wait for each other, nor do users", async () => {
  const as = (user: string) => call("same", { debounce: "search", wait: 20 }, { headers: { authorization: `Bearer ${user}` } });
  await Promise.all([call("a", { debounce: "one", wait: 20 }), call("b", { debounce: "two", wait: 20 }), as("x"), as("y")]);
  assert.equal(backend.received.length, 4);
});

test("one who leaves disturbs nobody, and when all have left nothing is sent", async () => {
  await call("first of all", { debounce: "other", wait: 0 });
  const leaving = new AbortController();
  const first = call("a", { debounce: "k", wait: 30 });
  const second = call("b", { debounce: "k", wait: 30 }, { signal: leaving.signal });
  leaving.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.match(await first, /q=b/);
  const alone = new AbortController();
  const last = call("c", { debounce: "k", wait: 300 }, { signal: alone.signal });
  await pause(5);
  alone.abort();
  await assert.rejects(last, { name: "AbortError" });
  await pause(400);
  assert.equal(backend.received.length, 2);
});

test("a closed guard leaves nobody waiting", async () => {
  const waiting = call("a", { debounce: "k", wait: 60_000 });
  const refused = assert.rejects(waiting, { code: "closed" });
  await pause(50);
  guard.close();
  await refused;
});

test("superseded calls are told", async () => {
  const told: string[] = [];
  guard.on("join", ({ how }) => told.push(how));
  await Promise.all(["a", "b", "c"].map((query) => call(query, { debounce: "k", wait: 20 })));
  assert.deepEqual(told, ["debounce", "debounce"]);
});
