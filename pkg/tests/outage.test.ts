/** An outage as supabase-js's caller lives it: T1 and T2 of the requirements, with the real supabase-js. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createGuard, createProtectedClient, type Guard, type GuardOptions, protect } from "seawall";

import { type Backend, deadAddress, hangUp, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

const THRESHOLD = 5;
const ROUNDS = 101;
const OPTIONS: GuardOptions = { retry: { attempts: 1 }, limits: { reads: { limit: 1_000 } } };

interface Way {
  name: string;
  connect(url: string): { supabase: SupabaseClient; guard: Guard };
}

const ways: Way[] = [
  {
    name: "global.fetch = guard.fetch",
    connect(url) {
      const guard = createGuard(OPTIONS);
      return { guard, supabase: createClient(url, KEY, { ...QUIET, global: { fetch: guard.fetch } }) };
    },
  },
  {
    name: "protect(client)",
    connect(url) {
      const supabase = protect(createClient(url, KEY, QUIET), OPTIONS);
      return { guard: supabase.guard, supabase };
    },
  },
  {
    name: "createProtectedClient",
    connect(url) {
      const supabase = createProtectedClient(url, KEY, { ...QUIET, ...OPTIONS });
      return { guard: supabase.guard, supabase };
    },
  },
];

for (const { name, connect } of ways) {
  describe(`an outage through ${name}`, () => {
    let backend: Backend;
    before(async () => {
      backend = await startBackend(json(500, { message: "broken" }));
    });
    after(() => backend.close());

    test("T1: with the circuit open a read costs one call and less than 2 ms", async () => {
      const { guard, supabase } = connect(backend.url);
      guard.breakers.get("rest")?.forceOpen();
      const sent = backend.received.length;
      const calls: number[] = [];
      guard.on("call", ({ elapsed }) => calls.push(elapsed));
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const start = performance.now();
        const { data, error, status } = await supabase.from("messages").select();
        times.push(performance.now() - start);
        assert.equal(data, null);
        assert.equal(status, 0);
        assert.equal(error?.code, "circuit_open");
        assert.match(error?.message ?? "", /circuit for rest is open/);
      }
      const median = times.sort((a, b) => a - b)[(ROUNDS - 1) / 2] ?? Infinity;
      console.log(`T1 ${name}: median ${median.toFixed(3)} ms, ${calls.length / ROUNDS} call`);
      assert.equal(calls.length, ROUNDS);
      assert.equal(backend.received.length, sent);
      assert.ok(median < 2, `median ${median} ms`);
      guard.close();
    });

    test("T2: 20 failing calls send as many requests as the threshold", async () => {
      backend.behave(hangUp);
      const { guard, supabase } = connect(backend.url);
      const sent = backend.received.length;
      const codes: (string | undefined)[] = [];
      for (let call = 0; call < 20; call += 1) {
        const { error } = await supabase.from("messages").select();
        codes.push(error?.code);
      }
      assert.equal(backend.received.length - sent, THRESHOLD);
      assert.deepEqual(codes.slice(0, THRESHOLD), Array(THRESHOLD).fill("network"));
      assert.deepEqual(codes.slice(THRESHOLD), Array(20 - THRESHOLD).fill("circuit_open"));
      guard.close();
    });

    test("T2: errors in answers open the circuit as well as lost connections", async () => {
      backend.behave(json(502, { message: "bad gateway" }));
      const { guard, supabase } = connect(backend.url);
      const sent = backend.received.length;
      for (let call = 0; call < 20; call += 1) await supabase.from("messages").insert({ text: "x" });
      assert.equal(backend.received.length - sent, THRESHOLD);
      assert.equal(guard.breakers.get("rest")?.state, "open");
      guard.close();
    });
  });
}

test("nobody at the address is an outage too", async () => {
  const supabase = protect(createClient(await deadAddress(), KEY, QUIET), OPTIONS);
  for (let call = 0; call < THRESHOLD; call += 1) {
    const { error } = await supabase.from("messages").select();
    assert.equal(error?.code, "network");
    assert.match(error?.message ?? "", /^TypeError: fetch failed/);
    assert.match(error?.details ?? "", /ECONNREFUSED/);
  }
  const { error } = await supabase.from("messages").select();
  assert.equal(error?.code, "circuit_open");
  supabase.guard.close();
});

test("one service's outage leaves the others alone", async () => {
  const backend = await startBackend((received, response) => {
    const broken = received.url.startsWith("/rest/v1/rpc/");
    json(broken ? 502 : 200, broken ? { message: "down" } : [])(received, response);
  });
  const supabase = protect(createClient(backend.url, KEY, QUIET), OPTIONS);
  for (let call = 0; call < 10; call += 1) await supabase.rpc("add", { a: 1 });
  assert.equal(supabase.guard.breakers.get("rpc")?.state, "open");
  const { error } = await supabase.from("messages").select();
  assert.equal(error, null);
  supabase.guard.close();
  await backend.close();
});

test("a caller's mistake never opens a circuit", async () => {
  const backend = await startBackend(json(409, { code: "23505", message: "duplicate key", details: null, hint: null }));
  const supabase = protect(createClient(backend.url, KEY, QUIET), OPTIONS);
  for (let call = 0; call < 20; call += 1) {
    const { error } = await supabase.from("messages").insert({ id: 1 });
    assert.equal(error?.code, "23505");
  }
  assert.equal(backend.received.length, 20);
  assert.equal(supabase.guard.breakers.get("rest")?.state, "closed");
  supabase.guard.close();
  await backend.close();
});

test("a request that can never be sent is refused in fetch's own words, and opens no circuit", async () => {
  const backend = await startBackend(json(200, []));
  const guard = createGuard({ breaker: { failureThreshold: 1 }, retry: { attempts: 1 } });
  const url = `${backend.url}/rest/v1/rooms`;
  const used = (): Request => {
    const request = new Request(url, { method: "POST", body: "{}" });
    void request.text();
    return request;
  };
  const impossible: (() => [RequestInfo, RequestInit?])[] = [() => [used()], () => [url, { redirect: "sideways" as never }], () => [url, { body: "{}" }]];
  for (const make of impossible) {
    const native = await fetch(...make()).then(String, ({ name, message }: Error) => `${name}: ${message}`);
    const guarded = await guard.fetch(...make()).then(String, ({ name, message }: Error) => `${name}: ${message}`);
    assert.equal(guarded, native);
    assert.match(guarded, /^TypeError/);
  }
  assert.equal(guard.breakers.get("rest")?.state, "closed");
  // One whose body the guard itself has used up by sending it is the network's fault.
  backend.behave(hangUp);
  await assert.rejects(guard.fetch(new Request(url, { method: "POST", body: "{}" })), { code: "network" });
  guard.close();
  await backend.close();
});
