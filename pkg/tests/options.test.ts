/** What createGuard accepts, and how it refuses: at once, naming the option. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createGuard, type GuardOptions, OptionError } from "seawall";

import { startBackend } from "./backend.js";
import { createWorld, settled } from "./world.js";

describe("options", () => {
  test("all of the documented ones are accepted", () => {
    createGuard({
      breaker: { failureThreshold: 5, monitoringPeriod: 10_000, resetTimeout: 30_000, successThreshold: 2 },
      timeout: 10_000,
      deadline: 30_000,
      retry: { attempts: 3, baseDelay: 100, maxDelay: 1_000 },
      limits: {
        reads: { limit: 100, window: 60_000 },
        writes: { limit: 30, window: 60_000 },
        rpc: { limit: 20, window: 60_000 },
        auth: { limit: 10, window: 60_000 },
      },
      storage: "memory",
      policy: { breaker: { failureThreshold: 7 } },
    }).close();
    createGuard().close();
    createGuard({}).close();
    createGuard({ timeout: undefined } as GuardOptions).close();
  });

  const impossible: [string, unknown, string][] = [
    ["an unknown one", { frobnicate: 1 }, "frobnicate"],
    ["an unknown one in a group", { breaker: { failureTreshold: 3 } }, "breaker.failureTreshold"],
    ["one out of its bounds", { breaker: { failureThreshold: -1 } }, "breaker.failureThreshold"],
    ["zero where it means nothing", { breaker: { monitoringPeriod: 0 } }, "breaker.monitoringPeriod"],
    ["one that is no number", { timeout: "soon" }, "timeout"],
    ["NaN", { timeout: Number.NaN }, "timeout"],
    ["infinity", { deadline: Number.POSITIVE_INFINITY }, "deadline"],
    ["a fraction of a count", { retry: { attempts: 1.5 } }, "retry.attempts"],
    ["null", { retry: null }, "retry"],
    ["a list", { limits: { reads: [100] } }, "limits.reads"],
    ["a function", { timeout: () => 1 }, "timeout"],
    ["another storage", { storage: "disk" }, "storage"],
    ["a policy that is no address", { policy: "not an address" }, "policy"],
    ["a policy by another protocol", { policy: "ftp://example.test/policy" }, "policy"],
    ["an unknown setting in the policy document", { policy: { timeot: 1 } }, "timeot"],
  ];
  for (const [name, options, option] of impossible) {
    test(`${name} is refused by name`, () => {
      assert.throws(
        () => createGuard(options as GuardOptions),
        (error: unknown) => {
          assert.ok(error instanceof OptionError, String(error));
          assert.equal(error.option, option);
          assert.ok(error.message.includes(option), error.message);
          assert.equal(error.category, "validation");
          return true;
        },
      );
    });
  }

  test("a misspelt one is told from an impossible one, with the nearest name", () => {
    assert.throws(() => createGuard({ breaker: { failureTreshold: 3 } }), {
      code: "unknown_option",
      message: /failureThreshold/,
    });
    assert.throws(() => createGuard({ breaker: { failureThreshold: 1e9 } }), { code: "invalid_option" });
  });

  test("settings that contradict each other are refused", () => {
    assert.throws(() => createGuard({ breaker: { resetTimeout: 60_000, maxResetTimeout: 1_000 } }), OptionError);
  });

  test("the page's own options override the policy document", async () => {
    const guard = createGuard(
      { policy: { breaker: { failureThreshold: 9 } }, breaker: { failureThreshold: 2 }, retry: { attempts: 1 } },
      { ...createWorld(), fetch: async () => Response.json({}, { status: 502 }) },
    );
    for (let call = 0; call < 2; call += 1) await guard.fetch("http://x.example.test/rest/v1/t");
    assert.equal(guard.breakers.get("rest")?.state, "open");
    guard.close();
  });

  test("hostile option objects do not crash the core", () => {
    const hostile: unknown[] = [
      null,
      1,
      "x",
      [],
      { __proto__: { breaker: 1 } },
      { "": 1 },
      { "a.b": { "c.d": 1 } },
      { '"': 1 },
      { ["x".repeat(100_000)]: 1 },
      { breaker: { "\u{1f4a3}": 2 } },
      { endpoints: { "": { timeout: 1 } } },
      { endpoints: { '/a"b\\c': { timeout: -1 } } },
      { timeout: 1e308 },
      { timeout: -0 },
    ];
    for (const options of hostile) {
      try {
        createGuard(options as GuardOptions).close();
      } catch (error) {
        assert.ok(error instanceof OptionError, `${JSON.stringify(options)?.slice(0, 80)}: ${String(error)}`);
      }
    }
    createGuard().close();
  });
});

describe("a policy at an address", () => {
  test("is fetched from the server's /policy, applied, and asked for again with its ETag", async () => {
    const backend = await startBackend((received, response) => {
      assert.equal(received.url, "/policy");
      if (received.headers["if-none-match"] === '"v1"') return void response.writeHead(304).end();
      response.writeHead(200, { "content-type": "application/json", etag: '"v1"' });
      response.end(JSON.stringify({ limits: { reads: { limit: 7 } } }));
    });
    const guard = createGuard({ policy: backend.url });
    const event = await new Promise<{ state: string }>((resolve) => guard.on("policy", resolve));
    assert.equal(event.state, "applied");
    assert.equal(guard.snapshot().limits.find(({ name }) => name === "reads")?.limit, 7);
    assert.equal(await guard.refreshPolicy(), "unchanged");
    assert.equal(backend.received.at(-1)?.headers["if-none-match"], '"v1"');
    guard.close();
    await backend.close();
  });

  for (const [name, body] of [
    ["no JSON", "<html>"],
    ["an unknown setting", '{"breaker":{"nonsense":1}}'],
    ["an impossible one", '{"timeout":-1}'],
    ["not an object", "[1]"],
  ] as const) {
    test(`${name}: the guard goes on with what it has and says so`, async () => {
      const world = createWorld();
      const guard = createGuard(
        { policy: "http://server.example.test", limits: { reads: { limit: 55 } } },
        { ...world, fetch: async () => new Response(body, { status: 200 }) },
      );
      const states: string[] = [];
      guard.on("policy", ({ state }) => states.push(state));
      await settled();
      assert.deepEqual(states, ["failed"]);
      assert.equal(guard.snapshot().limits.find(({ name: limit }) => limit === "reads")?.limit, 55);
      guard.close();
    });
  }
});
