/** C13: what a guard counts, over a real backend. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { createGuard, type GuardOptions } from "seawall";
import { totals } from "seawall/metrics";

import { bucketOf, BUCKETS, createHistogram, latenciesSince, mergeLatencies, percentile, upperEdge } from "../src/metrics/histogram.js";
import { type Backend, json, startBackend } from "./backend.js";
import { createWorld, type World } from "./world.js";

const token = (subject: string): string => `Bearer x.${Buffer.from(JSON.stringify({ sub: subject })).toString("base64url")}.x`;

async function setting(options: GuardOptions, run: (parts: { guard: ReturnType<typeof createGuard>; backend: Backend; world: World }) => Promise<void>): Promise<void> {
  const backend = await startBackend();
  const world = createWorld();
  const guard = createGuard({ retry: { attempts: 1 }, ...options }, world);
  try {
    await run({ guard, backend, world });
  } finally {
    guard.close();
    await backend.close();
  }
}

const read = (guard: ReturnType<typeof createGuard>, url: string, init?: RequestInit): Promise<unknown> =>
  guard.fetch(url, init).then((response) => response.text(), (error: unknown) => error);

describe("histogram", () => {
  test("has the policy core's buckets", async () => {
    const pinned = await readFile(join(process.cwd(), "../crates/policy/tests/latency-buckets.txt"), "utf8");
    const lines = pinned.trim().split("\n").filter((line) => !line.startsWith("#"));
    assert.ok(lines.length > BUCKETS);
    for (const line of lines) {
      const [micros = 0, bucket = 0, edge = 0] = line.split(" ").map(Number);
      // Microseconds as the fraction of a millisecond that a clock gives may lie a hair below.
      assert.equal(bucketOf(micros / 1_000 + 1e-9), bucket, line);
      assert.equal(upperEdge(bucket), edge, line);
    }
  });

  test("percentiles are within an eighth, merged and taken apart as well", () => {
    const early = createHistogram();
    for (let millis = 1; millis <= 100; millis += 1) early.record(millis);
    const before = early.read();
    for (let millis = 1_001; millis <= 1_100; millis += 1) early.record(millis);
    const late = latenciesSince(early.read(), before);
    assert.equal(late.count, 100);
    assert.ok(late.p50 !== null && late.p50 >= 1_050 && late.p50 <= 1_182, String(late.p50));
    const all = mergeLatencies([before, late]);
    assert.deepEqual(all, early.read());
    const p25 = percentile(all, 0.25);
    assert.ok(p25 !== null && p25 >= 50 && p25 <= 57, String(p25));
  });

  test("nothing counted has no percentile, and the absurd harms nothing", () => {
    const histogram = createHistogram();
    assert.equal(histogram.read().p99, null);
    for (const absurd of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]) histogram.record(absurd);
    assert.equal(histogram.read().count, 4);
    assert.equal(bucketOf(Number.POSITIVE_INFINITY), BUCKETS - 1);
  });
});

describe("metrics", () => {
  test("count outcomes by endpoint, class and category", () =>
    setting({ metrics: true }, async ({ guard, backend }) => {
      await read(guard, `${backend.url}/rest/v1/rooms?select=*`);
      await read(guard, `${backend.url}/rest/v1/rooms?id=eq.7`);
      backend.behave(json(404, { code: "PGRST205", message: "no such table" }));
      await read(guard, `${backend.url}/rest/v1/gone`);
      backend.behave(json(500, { code: "XX000", message: "broken" }));
      await read(guard, `${backend.url}/rest/v1/rooms`, { method: "POST", body: "{}" });
      const { endpoints, at, since } = await guard.metrics.snapshot();
      assert.ok(at >= since);
      const found = endpoints.map(({ class: operation, endpoint, calls, succeeded, failures }) => [operation, endpoint, calls, succeeded, failures]);
      assert.deepEqual(found, [
        ["reads", "/rest/v1/rooms", 2, 2, {}],
        ["reads", "/rest/v1/gone", 1, 0, { not_found: 1 }],
        ["writes", "/rest/v1/rooms", 1, 0, { database_permanent: 1 }],
      ]);
      assert.equal(totals({ endpoints }).latency.count, 4);
    }));

  test("what was called before they loaded is counted", () =>
    setting({ metrics: true }, async ({ guard, backend }) => {
      const first = read(guard, `${backend.url}/rest/v1/rooms`);
      await first;
      assert.equal(totals(await guard.metrics.snapshot()).calls, 1);
    }));

  test("without the option counting begins when somebody asks", () =>
    setting({}, async ({ guard, backend }) => {
      await read(guard, `${backend.url}/rest/v1/rooms`);
      assert.equal(totals(await guard.metrics.snapshot()).calls, 0);
      await read(guard, `${backend.url}/rest/v1/rooms`);
      assert.equal(totals(await guard.metrics.snapshot()).calls, 1);
    }));

  test("refusals are failures and no latencies", () =>
    setting({ metrics: true }, async ({ guard, backend }) => {
      guard.breakers.get("rest")?.forceOpen();
      await read(guard, `${backend.url}/rest/v1/rooms`);
      const { endpoints, breakers, transitions } = await guard.metrics.snapshot();
      assert.deepEqual(endpoints[0]?.failures, { circuit_open: 1 });
      assert.equal(endpoints[0]?.latency.count, 0);
      assert.equal(breakers.find(({ key }) => key === "rest")?.state, "forced_open");
      assert.deepEqual((await guard.metrics.snapshot()).history.map(({ at: _, ...change }) => change), [
        { breaker: "rest", from: "closed", to: "forced_open", cause: "manual" },
      ]);
      assert.deepEqual(transitions, [{ breaker: "rest", to: "forced_open", cause: "manual", count: 1 }]);
    }));

  test("retries and waits are counted where they happened", () =>
    setting({ metrics: true, retry: { attempts: 2, baseDelay: 10 }, limits: { reads: { limit: 1, window: 1_000 } } }, async ({ guard, backend, world }) => {
      let answers = 0;
      backend.behave((_received, response) => {
        answers += 1;
        json(answers === 1 ? 503 : 200, [])({} as never, response);
      });
      const calls = [read(guard, `${backend.url}/rest/v1/rooms`), read(guard, `${backend.url}/rest/v1/rooms`)];
      for (let turn = 0; turn < 40; turn += 1) await world.advance(100);
      await Promise.all(calls);
      const [row] = (await guard.metrics.snapshot()).endpoints;
      assert.equal(row?.retries, 1);
      assert.ok((row?.queue.count ?? 0) >= 1);
      assert.ok((row?.queue.sum ?? 0) > 0);
    }));

  test("a read that shares a request is counted as saved", () =>
    setting({ metrics: true }, async ({ guard, backend }) => {
      await Promise.all([1, 2, 3].map(() => read(guard, `${backend.url}/rest/v1/rooms`)));
      const [row] = (await guard.metrics.snapshot()).endpoints;
      assert.deepEqual([row?.calls, row?.joined], [1, { coalesce: 2 }]);
    }));

  test("a read from the cache is counted as one, and is no call", () =>
    setting({ metrics: true, cache: true }, async ({ guard, backend }) => {
      for (let turn = 0; turn < 3; turn += 1) await read(guard, `${backend.url}/rest/v1/rooms`);
      const [row] = (await guard.metrics.snapshot()).endpoints;
      assert.deepEqual([row?.calls, row?.cache], [1, { miss: 1, fresh: 2 }]);
    }));

  test("users have a salted name, the same from page to page, and never their subject", async () => {
    const kept = new Map<string, string>();
    const visit = async (): Promise<string> => {
      const backend = await startBackend();
      const guard = createGuard({ metrics: true }, createWorld(kept));
      await read(guard, `${backend.url}/rest/v1/rooms`, { headers: { authorization: token("anna") } });
      await read(guard, `${backend.url}/rest/v1/rooms`, { headers: { authorization: token("anna") } });
      await read(guard, `${backend.url}/rest/v1/rooms`, { headers: { authorization: token("bert") } });
      await read(guard, `${backend.url}/rest/v1/rooms`);
      const { users } = await guard.metrics.snapshot();
      const text = (await Promise.all((["json", "prometheus", "otlp"] as const).map((format) => guard.metrics.export(format)))).join();
      assert.doesNotMatch(text, /anna|bert/);
      assert.deepEqual(users.map(({ calls }) => calls), [2, 1]);
      guard.close();
      await backend.close();
      return users[0]?.user ?? "";
    };
    const name = await visit();
    assert.match(name, /^[0-9a-f]{16}$/);
    assert.equal(await visit(), name);
    kept.clear();
    assert.notEqual(await visit(), name, "another origin has another salt");
  });

  test("rows are bounded whatever is called", () =>
    setting({ metrics: true, limits: { maxQueue: 0 } }, async ({ guard, backend }) => {
      for (let table = 0; table < 130; table += 1) await read(guard, `${backend.url}/rest/v1/t${table}`);
      const { endpoints } = await guard.metrics.snapshot();
      assert.equal(endpoints.length, 101);
      assert.equal(endpoints.at(-1)?.endpoint, "other");
      assert.equal(endpoints.at(-1)?.calls, 30);
    }));

  test("a subscriber hears the present at once and then what changes", () =>
    setting({ metrics: true }, async ({ guard, backend, world }) => {
      const heard: number[] = [];
      await guard.metrics.snapshot();
      const stop = guard.metrics.subscribe((snapshot) => heard.push(totals(snapshot).calls), 1_000);
      await world.advance(10);
      await read(guard, `${backend.url}/rest/v1/rooms`);
      await world.advance(1_000);
      await world.advance(5_000);
      stop();
      await read(guard, `${backend.url}/rest/v1/rooms`);
      await world.advance(5_000);
      assert.deepEqual(heard, [0, 1]);
    }));

  test("a wrong option is refused at once and named", () => {
    const impossible = [{ sned: "x" }, { interval: 10 }, { send: "https://a.example.test", table: "t" }];
    for (const metrics of impossible) {
      assert.throws(() => createGuard({ metrics } as GuardOptions), { name: "OptionError", message: /metrics/ });
    }
  });
});
