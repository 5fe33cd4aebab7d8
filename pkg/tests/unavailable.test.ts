/** C14: where the module cannot be compiled, calls pass unguarded or fail, and the application hears of it. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { createGuard, GuardUnavailableError, OptionError, protect, type UnavailableEvent } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";
import { settled } from "./world.js";
import { KEY, QUIET } from "./supabase.js";

const compile = WebAssembly.Module;
let backend: Backend;

before(async () => {
  backend = await startBackend(json(503, { message: "out of order" }));
  // As a content security policy has it; this file's process compiles nothing else.
  Object.defineProperty(WebAssembly, "Module", {
    configurable: true,
    value: class {
      constructor() {
        throw new EvalError("blocked by policy");
      }
    },
  });
});
after(async () => {
  Object.defineProperty(WebAssembly, "Module", { configurable: true, value: compile });
  await backend.close();
});

function hearing(options: Parameters<typeof createGuard>[0] = {}) {
  const warnings: string[] = [];
  const guard = createGuard(options, { warn: (text) => void warnings.push(text) });
  const events: UnavailableEvent[] = [];
  guard.on("unavailable", (event) => events.push(event));
  return { guard, warnings, events };
}

describe("C14 the module cannot be compiled", () => {
  test("calls pass as if there were no guard, and the application hears of it once", async () => {
    const { guard, warnings, events } = hearing();
    const sent = backend.received.length;
    for (let turn = 0; turn < 8; turn += 1) {
      const headers = { "x-seawall": "priority=high" };
      assert.equal((await guard.fetch(`${backend.url}/rest/v1/t`, { headers })).status, 503);
    }
    assert.equal(backend.received.length, sent + 8);
    assert.equal(backend.received.at(-1)?.headers["x-seawall"], undefined);
    assert.deepEqual(events.map(({ calls, reason }) => [calls, reason]), [["passThrough", "EvalError: blocked by policy"]]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /calls are not guarded/);
    guard.close();
  });

  test("calls fail where the options say so", async () => {
    const { guard, events } = hearing({ unavailable: "fail" });
    const sent = backend.received.length;
    await assert.rejects(guard.fetch(`${backend.url}/rest/v1/t`), GuardUnavailableError);
    assert.equal(backend.received.length, sent);
    await settled();
    assert.deepEqual(events.map(({ calls }) => calls), ["fail"]);
    guard.close();
  });

  test("functions run as if there were no guard, or fail", async () => {
    assert.equal(await hearing().guard.run("rest", async () => 1), 1);
    await assert.rejects(hearing({ unavailable: "fail" }).guard.run("rest", async () => 1), GuardUnavailableError);
  });

  test("a protected client answers in its own shape", async () => {
    const passing = protect(createClient(backend.url, KEY, QUIET), hearing().guard);
    assert.equal((await passing.from("t").select()).status, 503);
    const failing = protect(createClient(backend.url, KEY, QUIET), hearing({ unavailable: "fail" }).guard);
    assert.equal((await failing.from("t").select()).error?.code, "unavailable");
  });

  test("everything else of the guard stands", async () => {
    const { guard } = hearing({ endpoints: { "/rest/v1/t": { timeout: 1_000 } } });
    assert.equal(guard.snapshot().calls.total, 0);
    assert.deepEqual([...guard.breakers].filter(({ state }) => state === "open"), []);
    assert.equal((await guard.metrics.snapshot()).endpoints.length, 0);
    guard.close();
  });

  test("an unknown choice is refused", () => {
    assert.throws(() => createGuard({ unavailable: "panic" as never }), OptionError);
  });
});
