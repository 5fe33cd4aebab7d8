/** An application's tests with chaos: the examples of the documentation, and that the chaos keeps its word. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createGuard, createProtectedClient } from "seawall";
import { createChaos, settled } from "seawall/testing";

import { KEY, QUIET } from "./supabase.js";

const URL = "http://project.example.test/rest/v1/messages";
const ONCE = { retry: { attempts: 1 } };
const rows = async (): Promise<Response> => Response.json([{ id: 1 }]);

describe("chaos", () => {
  test("an outage opens the circuit, and the circuit closes after it", async () => {
    const chaos = createChaos({ fetch: rows });
    const guard = createGuard({ breaker: { failureThreshold: 3 }, ...ONCE }, chaos.environment);
    chaos.outage(60_000);
    for (let call = 0; call < 3; call += 1) await assert.rejects(guard.fetch(URL), { code: "network" });
    await assert.rejects(guard.fetch(URL), { code: "circuit_open" });
    assert.equal(chaos.requests.length, 3);
    await chaos.advance(60_000);
    for (let call = 0; call < 2; call += 1) assert.deepEqual(await (await guard.fetch(URL)).json(), [{ id: 1 }]);
    assert.equal(guard.breakers.get("rest")?.state, "closed");
    guard.close();
  });

  test("a whole supabase-js client lives through it", async () => {
    const chaos = createChaos({ fetch: rows });
    const guard = createGuard({ retry: { attempts: 3, baseDelay: 100, maxDelay: 100 } }, chaos.environment);
    const supabase = createProtectedClient("http://project.example.test", KEY, { ...QUIET, guard });
    chaos.fail({ status: 500, code: "40001", times: 1 });
    const read = supabase.from("messages").select().then();
    await chaos.advance(1_000);
    assert.deepEqual((await read).data, [{ id: 1 }]);
    assert.equal(chaos.requests.length, 2);
    guard.close();
  });

  test("latency is waited out by the clock, within its bounds, and ends with its request", async () => {
    const chaos = createChaos({ fetch: rows });
    const guard = createGuard({ timeout: 1_000, ...ONCE }, chaos.environment);
    const lift = chaos.latency([200, 400]);
    const elapsed: number[] = [];
    guard.on("call", (call) => elapsed.push(call.elapsed));
    const call = guard.fetch(URL).then((response) => response.json());
    await chaos.advance(500);
    assert.deepEqual(await call, [{ id: 1 }]);
    assert.ok(elapsed[0]! >= 200 && elapsed[0]! <= 400, String(elapsed));
    lift();
    chaos.latency(5_000);
    const late = guard.fetch(URL);
    late.catch(() => {});
    await chaos.advance(1_001);
    await assert.rejects(late, { code: "timeout" });
    guard.close();
  });

  test("latency and a failure add up", async () => {
    const chaos = createChaos({ fetch: rows });
    const guard = createGuard(ONCE, chaos.environment);
    chaos.fail({ status: 503, headers: { "retry-after": "9" } });
    chaos.latency(300);
    const call = guard.fetch(URL);
    await chaos.advance(299);
    assert.equal(guard.snapshot().calls.inflight, 1);
    await chaos.advance(1);
    const response = await call;
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "9"]);
    guard.close();
  });

  for (const part of ["answer", "body"] as const) {
    test(`a stalled ${part} ends at the limit`, async () => {
      const chaos = createChaos({ fetch: rows });
      const guard = createGuard({ timeout: 500, ...ONCE }, chaos.environment);
      chaos.stall(part);
      const call = guard.fetch(URL).then((response) => response.text());
      call.catch(() => {});
      await chaos.advance(501);
      await assert.rejects(call, { name: "TimeoutError" });
      guard.close();
    });
  }

  test("the same seed strikes the same requests, another one others", async () => {
    const strikes = async (seed: number): Promise<number[]> => {
      const chaos = createChaos({ fetch: rows, seed });
      const guard = createGuard({ breaker: { mode: "disabled" }, ...ONCE }, chaos.environment);
      chaos.fail({ status: 400, rate: 0.3 });
      const statuses: number[] = [];
      for (let call = 0; call < 50; call += 1) statuses.push((await guard.fetch(URL)).status);
      guard.close();
      return statuses;
    };
    const first = await strikes(7);
    assert.deepEqual(await strikes(7), first);
    assert.notDeepEqual(await strikes(8), first);
    const struck = first.filter((status) => status === 400).length;
    assert.ok(struck > 5 && struck < 25, String(struck));
  });

  test("a fault strikes only what it is meant for, and only so often", async () => {
    const chaos = createChaos({ fetch: rows });
    const guard = createGuard(ONCE, chaos.environment);
    chaos.fail({ status: 418, match: /rooms/, times: 1 });
    assert.equal((await guard.fetch(URL)).status, 200);
    const rooms = URL.replace("messages", "rooms");
    assert.equal((await guard.fetch(rooms)).status, 418);
    assert.equal((await guard.fetch(rooms)).status, 200);
    assert.deepEqual(chaos.requests.map(({ method, url }) => [method, url.split("/").pop()]), [
      ["GET", "messages"],
      ["GET", "rooms"],
      ["GET", "rooms"],
    ]);
    guard.close();
  });

  test("a device without network knows it, and hears when it is back", async () => {
    const chaos = createChaos({ fetch: rows });
    const guard = createGuard(ONCE, chaos.environment);
    let back = 0;
    chaos.environment.onOnline?.(() => (back += 1));
    chaos.offline(10_000);
    await assert.rejects(guard.fetch(URL), { code: "offline" });
    await chaos.advance(10_000);
    assert.equal(back, 1);
    assert.equal((await guard.fetch(URL)).status, 200);
    const lift = chaos.offline();
    assert.equal(chaos.environment.online?.(), false);
    lift();
    assert.deepEqual([chaos.environment.online?.(), back], [true, 2]);
    guard.close();
  });

  test("a reload finds what the page before it left", async () => {
    const stored = new Map<string, string>();
    const before = createChaos({ fetch: rows, stored });
    const first = createGuard({ breaker: { failureThreshold: 1 }, ...ONCE }, before.environment);
    before.outage();
    await assert.rejects(first.fetch(URL));
    first.close();
    const second = createGuard({}, createChaos({ fetch: rows, stored }).environment);
    assert.equal(second.breakers.get("rest")?.state, "open");
    second.close();
  });

  test("calm lifts everything, and the runtime's own clock can be kept", async () => {
    const chaos = createChaos({ fetch: rows, clock: "real" });
    const guard = createGuard(ONCE, chaos.environment);
    chaos.offline();
    chaos.stall();
    chaos.calm();
    chaos.latency(5);
    assert.equal((await guard.fetch(URL)).status, 200);
    await settled();
    guard.close();
  });
});
