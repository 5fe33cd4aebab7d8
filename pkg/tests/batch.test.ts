/** Batches and their callers: who waits, who leaves, who fails. Whose rows are whose is shown on the real server. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { createGuard, type Guard, type GuardOptions } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";

let backend: Backend;
let guard: Guard;

/** Answers `id=in.(…)` and `id=eq.…` as PostgREST would. */
beforeEach(async () => {
  backend = await startBackend(({ url }, response) => {
    const filter = new URL(url, "http://x").searchParams.get("id") ?? "";
    const ids = filter.replace(/^(?:eq\.|in\.\()|\)$/g, "").split(",");
    const range = { "content-range": `0-${ids.length - 1}/${ids.length}` };
    json(200, ids.map((id) => ({ id: Number(id) })), range)({} as never, response);
  });
  guard = createGuard({ storage: "memory", batch: { delay: 20 } });
});

afterEach(async () => {
  guard.close();
  await backend.close();
});

const read = (id: number, init?: RequestInit, by: Guard = guard) => by.fetch(`${backend.url}/rest/v1/t?id=eq.${id}`, init);
const text = async (response: Promise<Response>) => (await response).text();

test("nothing is batched that was not asked for", async () => {
  const plain = createGuard({ storage: "memory" });
  await Promise.all([read(1, {}, plain), read(2, {}, plain)]);
  assert.equal(backend.received.length, 2);
  plain.close();
});

test("a call may ask for itself, or ask to be left alone", async () => {
  const plain = createGuard({ storage: "memory", batch: { enabled: false, delay: 20 } });
  const asking = { seawall: { batch: true } } as RequestInit;
  await Promise.all([read(1, asking, plain), read(2, asking, plain)]);
  assert.equal(backend.received.length, 1);
  plain.close();
  await Promise.all([read(3, { seawall: { batch: false } } as RequestInit), read(4), read(5)]);
  assert.equal(backend.received.length, 3);
});

test("a batch may be asked for one endpoint only", async () => {
  const options: GuardOptions = { storage: "memory", endpoints: { "/rest/v1/t": { batch: true } } };
  const some = createGuard(options);
  const other = (id: number) => some.fetch(`${backend.url}/rest/v1/other?id=eq.${id}`);
  await Promise.all([read(1, {}, some), read(2, {}, some), other(1), other(2)]);
  assert.equal(backend.received.length, 3);
  some.close();
});

test("a read that finds no company is sent as it was", async () => {
  assert.equal(await text(read(7)), '[{"id":7}]');
  assert.equal(backend.received[0]?.url, "/rest/v1/t?id=eq.7");
  assert.equal(backend.received[0]?.headers.prefer, undefined);
});

test("users never share a batch", async () => {
  const as = (user: string, id: number) => read(id, { headers: { authorization: `Bearer ${user}` } });
  await Promise.all([as("one", 1), as("two", 2), as("one", 3)]);
  assert.equal(backend.received.length, 2);
});

test("one who leaves disturbs nobody; when all have left nothing is sent", async () => {
  const leaving = new AbortController();
  const stays = text(read(1));
  const leaves = read(2, { signal: leaving.signal });
  const stays2 = text(read(3));
  leaving.abort();
  await assert.rejects(leaves, { name: "AbortError" });
  assert.deepEqual(await Promise.all([stays, stays2]), ['[{"id":1}]', '[{"id":3}]']);
  assert.equal(backend.received.length, 1);
  const both = new AbortController();
  const gone = [read(4, { signal: both.signal }), read(5, { signal: both.signal })];
  await new Promise((resolve) => setTimeout(resolve, 2));
  both.abort();
  for (const one of gone) await assert.rejects(one, { name: "AbortError" });
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(backend.received.length, 1);
});

test("an outage is one failure for all", async () => {
  backend.behave(json(503, { message: "down" }));
  const statuses = await Promise.all([read(1), read(2), read(3)].map(async (answer) => (await answer).status));
  assert.deepEqual(statuses, [503, 503, 503]);
  assert.ok(backend.received.length <= 3, "its retries, not one request each");
});

test("an answer cut short by the server is asked for again, each alone, and not batched again", async () => {
  const real = json(206, [{ id: 1 }], { "content-range": "0-0/2" });
  const alone = json(200, [{ id: 9 }], { "content-range": "0-0/*" });
  backend.behave((received, response) => (received.url.includes("in.") ? real : alone)(received, response));
  assert.deepEqual(await Promise.all([text(read(1)), text(read(2))]), ['[{"id":9}]', '[{"id":9}]']);
  assert.equal(backend.received.length, 3);
});

test("a full batch does not wait", async () => {
  const small = createGuard({ storage: "memory", batch: { delay: 1_000, maxSize: 2 } });
  const start = performance.now();
  await Promise.all([read(1, {}, small), read(2, {}, small)]);
  assert.ok(performance.now() - start < 900);
  small.close();
});

test("a closed guard leaves nobody waiting", async () => {
  const slow = createGuard({ storage: "memory", batch: { delay: 1_000 } });
  const refused = assert.rejects(read(1, {}, slow), { code: "closed" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  slow.close();
  await refused;
});

test("a guard that closes under a batch tells each caller once, and nobody else", async () => {
  backend.behave(() => {});
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  const reads = [1, 2].map((id) => assert.rejects(read(id), { code: "closed" }));
  while (backend.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  guard.close();
  await Promise.all(reads);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", hear);
  assert.deepEqual(unheard, []);
});
