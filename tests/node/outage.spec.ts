/** The server becomes unwell: what the guard spares the application, and the server. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { type Stack, startStack } from "../browser/stack.ts";
import { type Client, signedIn } from "./people.ts";

const ONCE = { retry: { attempts: 1 } };

let stack: Stack;

before(async () => {
  stack = await startStack();
});

afterEach(() => stack.fault("none"));

after(() => stack?.stop());

const read = (client: Client) => client.from("rooms").select("id");

test("a dead backend gets as many requests as the threshold, and not one more", async () => {
  const client = await signedIn(stack.url, "owner", ONCE);
  await stack.fault("vanish");
  const categories: unknown[] = [];
  for (let call = 0; call < 20; call += 1) categories.push((await read(client)).error?.code);
  assert.equal(categories.filter((code) => code === "circuit_open").length, 15);
  client.guard.close();
});

test("an open circuit costs less than 2 ms and one call", async () => {
  const client = await signedIn(stack.url, "owner");
  let refusals = 0;
  client.guard.on("refusal", () => (refusals += 1));
  await read(client);
  client.guard.breakers.get("rest")?.forceOpen();
  const took: number[] = [];
  for (let call = 0; call < 201; call += 1) {
    const start = performance.now();
    assert.equal((await read(client)).error?.code, "circuit_open");
    took.push(performance.now() - start);
  }
  took.sort((left, right) => left - right);
  assert.ok((took[100] ?? Infinity) < 2, `${took[100]} ms`);
  assert.equal(refusals, 201);
  client.guard.close();
});

test("one read on a failing server is four requests at the most", async () => {
  const client = await signedIn(stack.url, "owner", { retry: { attempts: 4, baseDelay: 1, maxDelay: 5 } });
  await stack.fault("vanish");
  const requests: string[] = [];
  client.guard.on("retry", ({ endpoint }) => requests.push(endpoint));
  assert.notEqual((await read(client)).error, null);
  assert.ok(requests.length <= 3, `${requests.length} retries`);
  client.guard.close();
});

test("the circuit closes by itself once the server is well again", async () => {
  const client = await signedIn(stack.url, "owner", { ...ONCE, breaker: { resetTimeout: 300 } });
  const states: string[] = [];
  client.guard.on("transition", ({ to }) => states.push(to));
  await stack.fault("fail");
  for (let call = 0; call < 6; call += 1) await read(client);
  assert.equal(client.guard.breakers.get("rest")?.state, "open");
  await stack.fault("none");
  const until = Date.now() + 10_000;
  while (client.guard.breakers.get("rest")?.state !== "closed" && Date.now() < until) {
    await read(client);
    await sleep(50);
  }
  assert.deepEqual(states, ["open", "half_open", "closed"]);
  assert.equal((await read(client)).error, null);
  client.guard.close();
});

test("a slow server costs the deadline and no more", async () => {
  const client = await signedIn(stack.url, "owner", { ...ONCE, deadline: 500 });
  await stack.fault("slow", 5_000);
  const start = performance.now();
  // A bare timer beside the call tells how late this machine's timers are.
  const bare = sleep(500).then(() => performance.now() - start - 500);
  const { error } = await read(client);
  const took = performance.now() - start;
  assert.equal(error?.code, "deadline_exceeded");
  assert.ok(took > 450 && took - (await bare) < 600, `${took} ms`);
  client.guard.close();
});
