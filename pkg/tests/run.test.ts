/** `guard.run`: any function behind the guard, judged by what it resolves with or throws. */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { createGuard, type CallEvent, type GuardOptions, TimeoutError } from "seawall";

import { deadAddress, json, silence, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";
import { createWorld, settled } from "./world.js";

const ONCE: GuardOptions = { retry: { attempts: 1 } };

describe("guard.run", () => {
  test("gives what the function gives, and throws what it throws", async () => {
    const guard = createGuard(ONCE);
    assert.equal(await guard.run("rest", async () => 7), 7);
    const thrown = new Error("mine");
    await assert.rejects(guard.run("rest", async () => Promise.reject(thrown)), thrown);
    await assert.rejects(
      guard.run("rest", () => {
        throw thrown;
      }),
      thrown,
    );
    assert.deepEqual({ ...guard.snapshot().calls }, { total: 3, succeeded: 1, failed: 2, refused: 0, retries: 0, inflight: 0, waiting: 0 });
    guard.close();
  });

  test("T2: twenty { error } results of a dead backend are the threshold's requests", async () => {
    const address = await deadAddress();
    const guard = createGuard(ONCE);
    let sent = 0;
    const counted: typeof fetch = (input, init) => {
      sent += 1;
      return fetch(input, init);
    };
    const supabase = createClient(address, KEY, { ...QUIET, global: { fetch: counted } });
    for (let call = 0; call < 20; call += 1) {
      await guard.run("rest", (signal) => supabase.from("t").insert({ a: 1 }).abortSignal(signal)).catch(() => {});
    }
    assert.equal(sent, 5);
    assert.equal(guard.breakers.get("rest")?.state, "open");
    guard.close();
  });

  test("an { error } that is the caller's fault opens nothing", async () => {
    const backend = await startBackend(json(409, { code: "23505", message: "duplicate", details: null, hint: null }));
    const supabase = createClient(backend.url, KEY, QUIET);
    const guard = createGuard(ONCE);
    for (let call = 0; call < 20; call += 1) {
      const { error } = await guard.run("rest", () => supabase.from("t").insert({ a: 1 }));
      assert.equal(error?.code, "23505");
    }
    assert.equal(guard.breakers.get("rest")?.state, "closed");
    guard.close();
    await backend.close();
  });

  test("what the database rolled back is done again, and what is unknown only if it may be", async () => {
    const guard = createGuard({ retry: { attempts: 3, baseDelay: 1, maxDelay: 2 } });
    const failing = (code: string, status: number) => {
      let calls = 0;
      return {
        work: async () => {
          calls += 1;
          return calls === 1 ? { error: { code, message: "" }, status } : { error: null, status: 200 };
        },
        calls: () => calls,
      };
    };
    const rolledBack = failing("40001", 500);
    assert.equal((await guard.run("rest", rolledBack.work)).status, 200);
    assert.equal(rolledBack.calls(), 2);
    const unknown = failing("", 502);
    assert.equal((await guard.run("rest", unknown.work)).status, 502);
    const marked = failing("", 502);
    assert.equal((await guard.run("rest", marked.work, { idempotent: true })).status, 200);
    assert.deepEqual([unknown.calls(), marked.calls()], [1, 2]);
    guard.close();
  });

  test("T4: a token that never comes is given up at the limit, and its signal aborted", async () => {
    const backend = await startBackend(silence);
    const supabase = createClient(backend.url, KEY, { ...QUIET, accessToken: () => new Promise<string>(() => {}) });
    const world = createWorld();
    const guard = createGuard({ ...ONCE, timeout: 500 }, world);
    let aborted = false;
    const call = guard.run("rest", (signal) => {
      signal.addEventListener("abort", () => (aborted = true));
      return supabase.from("t").select().abortSignal(signal);
    });
    const ended = assert.rejects(call, (error: unknown) => error instanceof TimeoutError && error.code === "timeout");
    await world.advance(499);
    assert.equal(aborted, false);
    await world.advance(2);
    await ended;
    assert.equal(aborted, true);
    guard.close();
    await backend.close();
  });

  test("the deadline ends what the attempts leave", async () => {
    const world = createWorld();
    const guard = createGuard({ timeout: 0, deadline: 700, retry: { attempts: 1 } }, world);
    const ended = assert.rejects(guard.run("rest", () => new Promise(() => {})), { code: "deadline_exceeded" });
    await world.advance(701);
    await ended;
    guard.close();
  });

  test("a caller who gives up ends it at once, and it counts for nothing", async () => {
    const guard = createGuard(ONCE);
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = guard.run("rest", () => new Promise(() => {}), { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(call, reason);
    assert.equal(guard.snapshot().breakers[0]?.failures, 0);
    await assert.rejects(guard.run("rest", async () => 1, { signal: controller.signal }), reason);
    guard.close();
  });

  test("over the limit it waits its turn, or is refused", async () => {
    const world = createWorld();
    const guard = createGuard({ limits: { reads: { limit: 2, window: 1_000 }, maxWait: 2_000 } }, world);
    const done: number[] = [];
    for (const call of [1, 2, 3]) void guard.run("rest", async () => done.push(call));
    await settled();
    assert.deepEqual(done, [1, 2]);
    await world.advance(1_001);
    assert.deepEqual(done, [1, 2, 3]);
    guard.close();
    const strict = createGuard({ limits: { reads: { limit: 1, window: 1_000 }, maxWait: 0 } }, createWorld());
    await strict.run("rest", async () => 1);
    await assert.rejects(strict.run("rest", async () => 1), { code: "rate_limited" });
    strict.close();
  });

  test("shares its breaker with guard.fetch, and may have an endpoint's own", async () => {
    const guard = createGuard(
      { ...ONCE, endpoints: { "/rest/v1/slow": { breaker: { failureThreshold: 2 } } } },
      { fetch: async () => Response.json({}, { status: 502 }) },
    );
    for (let call = 0; call < 5; call += 1) await guard.fetch("http://x.example.test/rest/v1/t");
    await assert.rejects(guard.run("rest", async () => 1), { code: "circuit_open" });
    for (let call = 0; call < 2; call += 1) {
      await guard.run("/rest/v1/slow", async () => ({ error: { message: "" }, status: 503 }));
    }
    await assert.rejects(guard.run("/rest/v1/slow", async () => 1), { code: "circuit_open" });
    guard.close();
  });

  test("is told like any call", async () => {
    const guard = createGuard(ONCE);
    const told: CallEvent[] = [];
    guard.on("call", (event) => told.push(event));
    await guard.run("rpc", async () => 1);
    const [event] = told;
    assert.deepEqual([event?.service, event?.class, event?.method, event?.ok, event?.attempts], ["rpc", "rpc", "RUN", true, 1]);
    guard.close();
    await assert.rejects(guard.run("rest", async () => 1), { code: "closed" });
    await assert.rejects(createGuard().run("nowhere" as never, async () => 1), { name: "OptionError" });
  });

  describe("closing the guard", () => {
    const guard = createGuard(ONCE);
    after(() => guard.close());
    test("ends what is under way", async () => {
      const call = guard.run("rest", () => new Promise(() => {}));
      guard.close();
      await assert.rejects(call, { code: "closed" });
    });
  });
});
