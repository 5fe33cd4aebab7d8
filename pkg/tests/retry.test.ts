/** What is repeated, when, and what never is; with real requests, and with time that the test moves. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { createGuard, type GuardOptions, protect, type RetryEvent } from "seawall";

import { type Backend, hangUp, inTurn, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";
import { createWorld, settled } from "./world.js";

const FAST: GuardOptions = { retry: { attempts: 3, baseDelay: 5, maxDelay: 20 } };

describe("retries with the real supabase-js", () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await startBackend();
  });
  afterEach(() => backend.close());

  function connect(options = FAST) {
    return protect(createClient(backend.url, KEY, QUIET), options);
  }

  test("a read is repeated until it succeeds", async () => {
    backend.behave(inTurn(hangUp, json(503, { message: "busy" }), json(200, [{ id: 1 }])));
    const supabase = connect();
    const { data, error } = await supabase.from("messages").select();
    assert.equal(error, null);
    assert.deepEqual(data, [{ id: 1 }]);
    assert.equal(backend.received.length, 3);
    supabase.guard.close();
  });

  test("supabase-js's own retries do not multiply ours: the network is down", async () => {
    backend.behave(hangUp);
    const supabase = connect();
    await supabase.from("messages").select();
    assert.equal(backend.received.length, 3);
    supabase.guard.close();
  });

  for (const status of [503, 520]) {
    test(`supabase-js's own retries do not multiply ours: ${status} through protect`, async () => {
      backend.behave(json(status, { message: "busy" }));
      const supabase = connect();
      const { status: seen } = await supabase.from("messages").select();
      assert.equal(seen, status);
      assert.ok(backend.received.length <= 4, `${backend.received.length} requests`);
      supabase.guard.close();
    });
  }

  test("supabase-js's own retries do not multiply ours: 503 through global.fetch", async () => {
    backend.behave(json(503, { message: "busy" }, { "retry-after": "0" }));
    const guard = createGuard({ ...FAST, breaker: { failureThreshold: 100, failureRate: 0 } });
    const supabase = createClient(backend.url, KEY, { ...QUIET, global: { fetch: guard.fetch } });
    await supabase.from("messages").select();
    assert.ok(backend.received.length <= 4, `${backend.received.length} requests`);
    guard.close();
  });

  test("an insert whose fate is unknown is sent once", async () => {
    for (const behaviour of [hangUp, json(502, { message: "bad gateway" }), json(500, { message: "?" })]) {
      backend.behave(behaviour);
      const before = backend.received.length;
      const supabase = connect();
      await supabase.from("messages").insert({ text: "once" });
      assert.equal(backend.received.length, before + 1);
      supabase.guard.close();
    }
  });

  test("an rpc whose fate is unknown is sent once", async () => {
    backend.behave(hangUp);
    const supabase = connect();
    await supabase.rpc("transfer", { amount: 1 });
    assert.equal(backend.received.length, 1);
    supabase.guard.close();
  });

  for (const code of ["40001", "40P01"]) {
    test(`an insert that the database rolled back (${code}) is repeated`, async () => {
      backend.behave(inTurn(json(500, { code, message: "conflict", details: null, hint: null }), json(201, null)));
      const supabase = connect();
      const { error } = await supabase.from("messages").insert({ text: "again" });
      assert.equal(error, null);
      assert.equal(backend.received.length, 2);
      assert.deepEqual(backend.received[1]?.body, backend.received[0]?.body);
      supabase.guard.close();
    });
  }

  test("an upsert is repeated", async () => {
    backend.behave(inTurn(hangUp, json(201, null)));
    const supabase = connect();
    const { error } = await supabase.from("messages").upsert({ id: 1, text: "same" });
    assert.equal(error, null);
    assert.equal(backend.received.length, 2);
    supabase.guard.close();
  });

  test("a request with an idempotency key is repeated", async () => {
    backend.behave(inTurn(hangUp, json(200, "done")));
    const guard = createGuard(FAST);
    const init = { method: "POST", headers: { "Idempotency-Key": "k1" }, body: "{}" };
    const response = await guard.fetch(`${backend.url}/functions/v1/pay`, init);
    assert.equal(await response.json(), "done");
    assert.equal(backend.received.length, 2);
    guard.close();
  });

  test("a Request object with a body can be repeated", async () => {
    backend.behave(inTurn(json(500, { code: "40001" }), json(201, "ok")));
    const guard = createGuard(FAST);
    const request = new Request(`${backend.url}/rest/v1/t`, { method: "POST", body: '{"a":1}' });
    assert.equal(await (await guard.fetch(request)).json(), "ok");
    assert.deepEqual(backend.received.map(({ body }) => body.toString()), ['{"a":1}', '{"a":1}']);
    guard.close();
  });

  test("a streamed body is never sent twice", async () => {
    backend.behave(json(500, { code: "40001" }));
    const guard = createGuard(FAST);
    const body = new Blob(["streamed"]).stream();
    const response = await guard.fetch(`${backend.url}/rest/v1/t`, { method: "POST", body, duplex: "half" } as RequestInit);
    assert.equal(response.status, 500);
    assert.equal(backend.received.length, 1);
    guard.close();
  });

  test("an abort while waiting for a retry ends the call at once", async () => {
    backend.behave(hangUp);
    const guard = createGuard({ retry: { attempts: 3, baseDelay: 5_000, maxDelay: 5_000 } });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 40);
    const start = performance.now();
    await assert.rejects(guard.fetch(`${backend.url}/rest/v1/t`, { signal: controller.signal }), { name: "AbortError" });
    assert.ok(performance.now() - start < 1_000);
    guard.close();
  });
});

describe("Retry-After", () => {
  const WALL = 1_700_000_000_000;
  const cases: [string, string, (delay: number) => boolean][] = [
    ["in seconds", "3", (delay) => delay >= 3_000 && delay < 5_000],
    ["as a date", new Date(WALL + 4_000).toUTCString(), (delay) => delay >= 2_900 && delay < 6_000],
    ["unreadable", "soon", (delay) => delay > 0 && delay <= 1_000],
    ["negative", "-5", (delay) => delay > 0 && delay <= 1_000],
    ["empty", "", (delay) => delay > 0 && delay <= 1_000],
  ];
  for (const [name, header, fits] of cases) {
    test(`${name} ("${header}")`, async () => {
      const world = createWorld();
      let requests = 0;
      const answer = (): Response => {
        requests += 1;
        if (requests > 1) return Response.json([]);
        return Response.json({ message: "slow down" }, { status: 429, headers: { "retry-after": header } });
      };
      const guard = createGuard(
        { retry: { attempts: 2, baseDelay: 1_000, maxDelay: 10_000 }, deadline: 60_000 },
        { ...world, fetch: async () => answer() },
      );
      const retries: RetryEvent[] = [];
      guard.on("retry", (event) => retries.push(event));
      const call = guard.fetch("http://project.example.test/rest/v1/t");
      await settled();
      await world.advance(15_000);
      assert.equal((await call).status, 200);
      assert.equal(retries.length, 1);
      assert.ok(fits(retries[0]?.delay ?? -1), `waited ${retries[0]?.delay} ms`);
      assert.equal(guard.breakers.get("rest")?.state, "closed");
      guard.close();
    });
  }
});
