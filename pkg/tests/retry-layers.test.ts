/** T3 and T13 of the requirements: how much all layers of retries send together, and how `Retry-After` is kept to. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createGuard, createProtectedClient, type Guard, type GuardOptions, protect, type RetryEvent } from "seawall";

import { type Backend, deadAddress, hangUp, inTurn, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";
import { createWorld, settled } from "./world.js";

interface Connected {
  supabase: SupabaseClient;
  guard: Guard;
}

/** Every way to put a guard under supabase-js, whose own retries stay as they are. */
const WAYS: Record<string, (url: string, options: GuardOptions) => Connected> = {
  "global.fetch = guard.fetch": (url, options) => {
    const guard = createGuard(options);
    return { guard, supabase: createClient(url, KEY, { ...QUIET, global: { fetch: guard.fetch } }) };
  },
  "protect(client)": (url, options) => {
    const supabase = protect(createClient(url, KEY, QUIET), options);
    return { guard: supabase.guard, supabase };
  },
  createProtectedClient: (url, options) => {
    const supabase = createProtectedClient(url, KEY, { ...QUIET, ...options });
    return { guard: supabase.guard, supabase };
  },
};

for (const [name, connect] of Object.entries(WAYS)) {
  describe(`T3 through ${name}`, () => {
    let backend: Backend;
    beforeEach(async () => {
      backend = await startBackend(hangUp);
    });
    afterEach(() => backend.close());

    test("one read with the network down: at most 4 requests from all layers together, by default", async () => {
      const { supabase, guard } = connect(backend.url, {});
      const { error } = await supabase.from("messages").select();
      assert.equal(error?.code, "network");
      console.log(`T3 ${name}: ${backend.received.length} requests`);
      assert.ok(backend.received.length <= 4, `${backend.received.length} requests`);
      guard.close();
    });

    test("one read with nobody at the address: at most 4 attempts", async () => {
      const { supabase, guard } = connect(await deadAddress(), {});
      let attempts = 0;
      guard.on("call", (event) => (attempts += event.attempts));
      await supabase.from("messages").select();
      assert.ok(attempts <= 4, `${attempts} attempts`);
      guard.close();
    });

    for (const status of [503, 520, 502]) {
      test(`one read that is answered ${status}: at most 4 requests`, async () => {
        backend.behave(json(status, { message: "busy" }, { "retry-after": "0" }));
        const { supabase, guard } = connect(backend.url, {});
        await supabase.from("messages").select();
        assert.ok(backend.received.length <= 4, `${backend.received.length} requests`);
        guard.close();
      });
    }

    test("in steady state failures cost a tenth of traffic at most", async () => {
      let count = 0;
      backend.behave((received, response) => {
        count += 1;
        if (count % 5 === 0) hangUp(received, response);
        else json(200, [])(received, response);
      });
      const { supabase, guard } = connect(backend.url, {
        retry: { attempts: 3, baseDelay: 1, maxDelay: 2 },
        breaker: { failureThreshold: 0 },
        limits: { reads: { limit: 10_000 } },
      });
      const offered = 300;
      for (let call = 0; call < offered; call += 1) await supabase.from("messages").select();
      const saved = 5;
      const extra = backend.received.length - offered - saved;
      console.log(`T3 ${name}: ${extra} of ${offered} more in steady state`);
      assert.ok(extra <= offered / 10, `${extra} requests more`);
      guard.close();
    });
  });
}

describe("T13 with the real supabase-js", () => {
  const WALL = 1_700_000_000_000;
  const OPTIONS: GuardOptions = { retry: { attempts: 2, baseDelay: 1_000, maxDelay: 10_000 }, deadline: 120_000 };
  let backend: Backend;
  beforeEach(async () => {
    backend = await startBackend();
  });
  afterEach(() => backend.close());

  /** One read that is told to come back; the wait before it did, and what came of it. */
  async function readToldToWait(header: string, random = 0.5, status = 429): Promise<{ delay: number | undefined; seen: number }> {
    backend.behave(inTurn(json(status, { message: "slow down" }, { "retry-after": header }), json(200, [])));
    const world = createWorld();
    const guard = createGuard(OPTIONS, { ...world, random: () => random, fetch: (input, init) => fetch(input, init) });
    const supabase = createClient(backend.url, KEY, { ...QUIET, global: { fetch: guard.fetch } });
    const retries: RetryEvent[] = [];
    const retried = new Promise<void>((resolve) => guard.on("retry", (event) => resolve(void retries.push(event))));
    const read = Promise.resolve(supabase.from("messages").select());
    await Promise.race([retried, read]);
    await settled();
    await world.advance(60_000);
    const { status: seen } = await read;
    guard.close();
    return { delay: retries[0]?.delay, seen };
  }

  test("in seconds: the whole wait, and not much more", async () => {
    const { delay, seen } = await readToldToWait("3");
    assert.equal(seen, 200);
    assert.ok(delay !== undefined && delay >= 3_000 && delay <= 4_001, String(delay));
  });

  test("as a date", async () => {
    const { delay, seen } = await readToldToWait(new Date(WALL + 7_000).toUTCString());
    assert.equal(seen, 200);
    assert.ok(delay !== undefined && delay >= 6_900 && delay <= 8_001, String(delay));
  });

  for (const header of ["soon", "-5", "", "1e9", "0x10", "Thu, 99 Foo 2026 99:99:99 GMT"]) {
    test(`unreadable ("${header}"): the guard's own backoff`, async () => {
      const { delay, seen } = await readToldToWait(header);
      assert.equal(seen, 200);
      assert.ok(delay !== undefined && delay >= 0 && delay <= 2_001, String(delay));
    });
  }

  test("jittered: who was told the same does not come back together, and nobody too early", async () => {
    const delays: number[] = [];
    for (let client = 0; client < 12; client += 1) delays.push((await readToldToWait("3", (client + 0.5) / 12)).delay ?? -1);
    assert.ok(delays.every((delay) => delay >= 3_000), delays.join());
    assert.ok(Math.max(...delays) - Math.min(...delays) > 200, delays.join());
    assert.ok(new Set(delays.map(Math.round)).size >= 10, delays.join());
  });

  test("capped: a wait that nobody lives to see ends the call at once, and holds others for ten minutes at most", async () => {
    backend.behave(inTurn(json(429, { message: "slow down" }, { "retry-after": "999999999" }), json(200, [])));
    const world = createWorld();
    const guard = createGuard(OPTIONS, { ...world, fetch: (input, init) => fetch(input, init) });
    const supabase = createClient(backend.url, KEY, { ...QUIET, global: { fetch: guard.fetch } });
    const first = await supabase.from("messages").select();
    assert.equal(first.status, 429);
    assert.equal(backend.received.length, 1);
    const held = await supabase.from("messages").select();
    assert.equal(held.error?.code, "rate_limited");
    const { retryAfter } = held.error as unknown as { retryAfter: number };
    assert.ok(retryAfter > 0 && retryAfter <= 600_000, String(retryAfter));
    await world.advance(600_001);
    assert.equal((await supabase.from("messages").select()).status, 200);
    guard.close();
  });

  test("a 503 that names its return opens the circuit until then, capped as well", async () => {
    backend.behave(inTurn(json(503, { message: "back soon" }, { "retry-after": "999999999" }), json(200, [])));
    const world = createWorld();
    const guard = createGuard({ ...OPTIONS, retry: { attempts: 1 } }, { ...world, fetch: (input, init) => fetch(input, init) });
    const supabase = createClient(backend.url, KEY, { ...QUIET, global: { fetch: guard.fetch }, db: { retry: false } } as object);
    await guard.fetch(`${backend.url}/rest/v1/messages`);
    const held = await supabase.from("messages").select();
    assert.equal(held.error?.code, "circuit_open");
    const { retryAfter } = held.error as unknown as { retryAfter: number };
    assert.ok(retryAfter > 0 && retryAfter <= 375_000, String(retryAfter));
    guard.close();
  });
});
