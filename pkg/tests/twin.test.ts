/** The twin in plain JavaScript decides as the WebAssembly does: the same random life, lived twice. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import * as wasm from "seawall/guard";
import * as twin from "seawall/js/guard";
import { rest as twinRest } from "seawall/js/rest";
import { rest } from "seawall/rest";

import { createWorld } from "./world.js";

// How long a file takes to load is no decision: both are whole from the start.
wasm.offerRest(rest);
twin.offerRest(twinRest);

const STEPS = 400;
const PATHS = ["rest/v1/messages", "rest/v1/rooms", "rest/v1/rpc/add", "auth/v1/token", "storage/v1/object/a/b"];
const STATUSES = [200, 200, 200, 204, 400, 404, 409, 429, 500, 503, 504];

/** A sequence that looks random and is the same for the same seed. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Everything that can be seen of one guard while a world turns around it. */
async function life({ createGuard }: typeof wasm, seed: number): Promise<unknown[]> {
  const world = createWorld();
  const next = sequence(seed);
  const seen: unknown[] = [];
  const fetch = async (): Promise<Response> => {
    const status = STATUSES[next(STATUSES.length)] ?? 200;
    if (next(12) === 0) throw new TypeError("network");
    const headers: Record<string, string> = status === 429 ? { "retry-after": String(next(4)) } : {};
    return new Response(status === 204 ? null : JSON.stringify({ code: next(3) === 0 ? "40001" : "XX" }), { status, headers });
  };
  const guard = createGuard({ limits: { reads: { limit: 20 }, maxWait: 500 } }, { ...world, fetch });
  for (const type of ["transition", "call", "refusal", "retry", "wait", "storage"] as const) guard.on(type, (event) => seen.push(event));

  for (let step = 0; step < STEPS; step += 1) {
    const method = ["GET", "GET", "GET", "POST", "PATCH"][next(5)] ?? "GET";
    const body = method === "GET" ? null : "{}";
    const call = guard.fetch(`https://x.example.test/${PATHS[next(PATHS.length)]}`, { method, body }).then(
      ({ status }) => seen.push(status),
      (error: wasm.GuardError) => seen.push([error.code, error.message, error.retryAfter]),
    );
    if (next(3) > 0) await world.advance(next(4_000));
    if (next(40) === 0) guard.breakers.get("rest")?.forceOpen();
    if (next(20) === 0) guard.breakers.get("rest")?.reset();
    if (next(4) === 0) {
      await world.advance(40_000);
      await call;
    }
  }
  await world.advance(120_000);
  seen.push(guard.snapshot(), [...world.kept]);
  guard.close();
  return seen;
}

describe("the twin without WebAssembly", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`decides as the module does, seed ${seed}`, async () => {
      const [module, plain] = [await life(wasm, seed), await life(twin as unknown as typeof wasm, seed)];
      const types = new Set(module.map((one) => (one as { type?: string } | null)?.type));
      for (const type of ["transition", "refusal", "retry"]) assert.ok(types.has(type), `the life saw no ${type}`);
      assert.deepEqual(plain, module);
    });
  }

  test("compiles nothing", async () => {
    for (const file of ["guard.js", "store.js", "shape.js"]) {
      const text = await readFile(join(process.cwd(), "dist/js", file), "utf8");
      assert.doesNotMatch(text, /WebAssembly|\beval\(|new Function/, file);
    }
  });

  test("grows its memory under the glue that looks into it", async () => {
    const guard = twin.createGuard({}, { fetch: async () => new Response("[]") });
    for (let table = 0; table < 2_000; table += 1) {
      await guard.fetch(`https://x.example.test/rest/v1/a_table_with_a_rather_long_name_${table}`).catch(() => {});
    }
    assert.equal(guard.snapshot().breakers[0]?.key, "rest");
    guard.close();
  });

  test("its second part loads", async () => {
    const guard = twin.createGuard();
    assert.deepEqual(await guard.stored(), []);
    guard.close();
  });
});
