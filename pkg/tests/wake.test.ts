/** A laptop that slept: what should have ended in the meantime ends at once, and nothing hangs. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createGuard, type Environment } from "seawall";

import { createWorld, settled } from "./world.js";

const URL = "http://project.example.test/rest/v1/t";

/** A machine whose timers and monotonic clock stand still while it sleeps, as a suspended laptop's do. */
function createLaptop() {
  const world = createWorld();
  const listeners = new Set<() => void>();
  let slept = 0;
  return {
    environment: {
      ...world,
      wallNow: () => world.wallNow() + slept,
      onWake: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    listeners,
    advance: world.advance,
    async sleep(millis: number): Promise<void> {
      slept += millis;
      for (const listener of listeners) listener();
      await settled();
    },
  };
}

describe("a laptop that slept", () => {
  test("ends an attempt that is older than its limit as soon as it wakes", async () => {
    const laptop = createLaptop();
    const signals: AbortSignal[] = [];
    const fetch: Environment["fetch"] = (_input, init) => {
      signals.push(init?.signal as AbortSignal);
      return new Promise(() => {});
    };
    const guard = createGuard({ timeout: 10_000, retry: { attempts: 1 } }, { ...laptop.environment, fetch });
    const call = guard.fetch(URL);
    call.catch(() => {});
    await settled();
    await laptop.sleep(3_600_000);
    await assert.rejects(call, { name: "TimeoutError" });
    assert.equal(signals[0]?.aborted, true);
    assert.equal(guard.breakers.get("rest")?.statistics.failures, 0, "nobody was awake to see whether it failed");
    guard.close();
  });

  test("goes on with what has time left", async () => {
    const laptop = createLaptop();
    let answer: (response: Response) => void = () => {};
    const fetch: Environment["fetch"] = () => new Promise((resolve) => (answer = resolve));
    const guard = createGuard({ timeout: 60_000, retry: { attempts: 1 }, deadline: 120_000 }, { ...laptop.environment, fetch });
    const call = guard.fetch(URL);
    await settled();
    await laptop.sleep(40_000);
    answer(Response.json([1]));
    assert.equal((await call).status, 200);
    guard.close();
  });

  test("lets a call that waits for its retry go on at once", async () => {
    const laptop = createLaptop();
    let requests = 0;
    const fetch: Environment["fetch"] = async () => {
      requests += 1;
      if (requests === 1) throw new TypeError("network changed");
      return Response.json([]);
    };
    const guard = createGuard(
      { retry: { attempts: 2, baseDelay: 60_000, maxDelay: 60_000 }, deadline: 600_000 },
      { ...laptop.environment, fetch },
    );
    const call = guard.fetch(URL);
    await settled();
    assert.equal(requests, 1);
    await laptop.sleep(120_000);
    assert.equal((await call).status, 200);
    assert.equal(requests, 2);
    guard.close();
  });

  test("probes an open circuit whose cool-down has passed", async () => {
    const laptop = createLaptop();
    const guard = createGuard({ breaker: { failureThreshold: 1 }, retry: { attempts: 1 } }, {
      ...laptop.environment,
      fetch: async () => Promise.reject(new TypeError("down")),
    });
    await assert.rejects(guard.fetch(URL));
    assert.equal(guard.breakers.get("rest")?.state, "open");
    await laptop.sleep(3_600_000);
    assert.equal(guard.breakers.get("rest")?.state, "half_open");
    guard.close();
  });

  test("a closed guard listens no more", () => {
    const laptop = createLaptop();
    const guard = createGuard({}, laptop.environment);
    assert.equal(laptop.listeners.size, 1);
    guard.close();
    assert.equal(laptop.listeners.size, 0);
  });
});
