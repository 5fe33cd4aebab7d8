/**
 * What other breakers get wrong with time and stored state: T5 of the requirements, by the public API.
 *
 * A failure counts only while it is recent; an answer to an old question changes nothing; a probe that hangs
 * blocks nobody for ever; a clock set back holds no circuit open; what was stored is never trusted.
 */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { createGuard, type Environment, type Guard, type GuardOptions, type TransitionEvent } from "seawall";

import { createWorld, settled, type World } from "./world.js";

const ADDRESS = "http://project.example.test/rest/v1/messages";
const OPTIONS: GuardOptions = { retry: { attempts: 1 }, timeout: 20_000, breaker: { jitter: 0 } };

type Answer = () => Response | Promise<Response>;

const good: Answer = () => Response.json([]);
const bad: Answer = () => Response.json({ message: "down" }, { status: 502 });

/** A guard in a world of its own, whose network answers as the test says. */
function makeGuard(world: World, options: GuardOptions = OPTIONS): Setting {
  let answer = good;
  const environment: Partial<Environment> = { ...world, fetch: async () => answer() };
  const guard = createGuard(options, environment);
  const transitions: TransitionEvent[] = [];
  guard.on("transition", (event) => transitions.push(event));
  const call = async (next = answer): Promise<void> => {
    answer = next;
    // Each call has an answer of its own here, even while another hangs.
    const response = await guard.fetch(ADDRESS, { seawall: { coalesce: false } } as RequestInit);
    await response.text();
  };
  return {
    guard,
    transitions,
    call,
    async fail(times) {
      for (let time = 0; time < times; time += 1) await call(bad);
    },
    state: () => guard.breakers.get("rest")?.state,
  };
}

interface Setting {
  guard: Guard;
  transitions: TransitionEvent[];
  call(answer?: Answer): Promise<void>;
  fail(times: number): Promise<void>;
  state(): string | undefined;
}

describe("T5", () => {
  let world: World;
  beforeEach(() => {
    world = createWorld();
  });

  test("idle gap: failures from before it do not count", async () => {
    const { fail, state, guard } = makeGuard(world);
    await fail(4);
    await world.advance(3_600_000);
    await fail(4);
    assert.equal(state(), "closed");
    await fail(1);
    assert.equal(state(), "open");
    guard.close();
  });

  test("late result: a failure from before the trip does not reopen a half-open circuit", async () => {
    const patient = { ...OPTIONS, timeout: 300_000, deadline: 300_000 };
    const { fail, call, state, guard } = makeGuard(world, patient);
    let lateFailure = (): void => {};
    const late = call(() => new Promise((resolve) => (lateFailure = () => void Promise.resolve(bad()).then(resolve))));
    await settled();
    await fail(5);
    assert.equal(state(), "open");
    await world.advance(30_000);
    await call(good);
    assert.equal(state(), "half_open");
    lateFailure();
    await late.catch(() => {});
    assert.equal(state(), "half_open");
    await call(good);
    assert.equal(state(), "closed");
    guard.close();
  });

  test("hung probe: others are refused at once, and the probe is given up", async () => {
    const { fail, call, state, guard, transitions } = makeGuard(world, {
      ...OPTIONS,
      timeout: 60_000,
      deadline: 120_000,
      breaker: { jitter: 0, halfOpenProbes: 1, probeTimeout: 15_000 },
    });
    await fail(5);
    await world.advance(30_000);
    const hung = call(() => new Promise(() => {})).catch((error: unknown) => error);
    await settled();
    await assert.rejects(call(good), { code: "circuit_open" });
    await world.advance(15_000);
    assert.equal(state(), "open");
    assert.equal(transitions.at(-1)?.cause, "probe_timed_out");
    await world.advance(120_000);
    await hung;
    await call(good);
    await call(good);
    assert.equal(state(), "closed");
    guard.close();
  });

  test("clock set back: the cool-down lasts as long as it was meant to", async () => {
    const { fail, call, state, guard } = makeGuard(world);
    await fail(5);
    world.setWall(world.wallNow() - 86_400_000);
    await world.advance(29_000);
    await assert.rejects(call(good), { code: "circuit_open" });
    await world.advance(1_000);
    await call(good);
    await call(good);
    assert.equal(state(), "closed");
    guard.close();
  });

  test("clock set back while the page is away: the circuit opens no later", async () => {
    const first = makeGuard(world);
    await first.fail(5);
    first.guard.close();
    const next = createWorld(world.kept);
    next.setWall(world.wallNow() - 30_000);
    const second = makeGuard(next);
    assert.equal(second.state(), "open");
    await next.advance(30_001);
    await second.call(good);
    await second.call(good);
    assert.equal(second.state(), "closed");
    second.guard.close();
  });

  test("a reload keeps an open circuit open for the rest of its cool-down", async () => {
    const first = makeGuard(world);
    await first.fail(5);
    await world.advance(10_000);
    first.guard.close();
    const second = makeGuard(reloaded(world));
    assert.equal(second.state(), "open");
    await assert.rejects(second.call(good), { code: "circuit_open" });
    second.guard.close();
  });

  test("a reload remembers failures that have not yet opened the circuit", async () => {
    const first = makeGuard(world);
    await first.fail(4);
    first.guard.close();
    const second = makeGuard(reloaded(world));
    await second.fail(1);
    assert.equal(second.state(), "open");
    second.guard.close();
  });

  test("stored state that has expired is discarded", async () => {
    const first = makeGuard(world);
    await first.fail(5);
    first.guard.close();
    const next = createWorld(world.kept);
    next.setWall(world.wallNow() + 7 * 86_400_000);
    const second = makeGuard(next);
    assert.equal(second.state(), "closed");
    second.guard.close();
  });

  describe("corrupt or hostile stored state", () => {
    let genuine: [string, string][] = [];
    before(async () => {
      const donor = createWorld();
      const { fail, guard } = makeGuard(donor);
      await fail(5);
      guard.close();
      genuine = [...donor.kept];
      assert.ok(genuine.length > 0);
    });

    const damage: Record<string, (text: string) => string> = {
      emptied: () => "",
      "cut short": (text) => text.slice(0, text.length / 2),
      "of another version": (text) => text.replaceAll("1", "9"),
      "not ours": () => '{"state":"open"}',
      "a megabyte": () => "x".repeat(1_000_000),
      "with a digit changed": (text) => text.replace(/(?<=^2,\d+)\d(?=,)/, (digit) => String((Number(digit) + 1) % 10)),
      "with control characters": (text) => `\0\n${text}\u{202e}`,
      "all separators": () => ";".repeat(1_000),
    };
    for (const [name, change] of Object.entries(damage)) {
      test(`${name} is discarded and calls go on`, async () => {
        const kept = new Map(genuine.map(([key, value]) => [key, change(value)]));
        const { call, state, guard } = makeGuard(createWorld(kept));
        assert.equal(state(), "closed");
        await call(good);
        guard.close();
      });
    }

    test("what is stored is shown as a page would find it, or with what is wrong", async () => {
      const { guard } = makeGuard(createWorld(new Map(genuine)));
      const [rest] = await guard.stored();
      assert.deepEqual([rest?.key, rest?.state, rest?.problem], ["rest", "open", null]);
      assert.deepEqual([rest?.nextProbeIn, rest?.savedAt, rest?.recentFailures], [30_000, 1_700_000_000_000, 0]);
      guard.close();
      for (const text of ["x", "2,1,c rest\n", "9,, rest\n", ",,,,,, rest", "\u{1f4a3}"]) {
        const damaged = makeGuard(createWorld(new Map(genuine.map(([key]) => [key, text]))), { ...OPTIONS, storage: "memory" });
        const found = await damaged.guard.stored();
        assert.equal(found.length, 1, text);
        assert.match(found[0]?.problem ?? "", /^stored state is (malformed|of another version)$/);
        damaged.guard.close();
      }
      const late = createWorld(new Map(genuine));
      late.setWall(late.wallNow() + 7 * 86_400_000);
      const old = makeGuard(late, { ...OPTIONS, storage: "memory" });
      assert.equal((await old.guard.stored())[0]?.problem, "stored state has expired");
      old.guard.close();
    });

    test("storage that throws is as good as none", async () => {
      const refusing = {
        getItem: () => {
          throw new DOMException("denied", "SecurityError");
        },
        setItem: () => {
          throw new DOMException("full", "QuotaExceededError");
        },
        removeItem: () => {
          throw new DOMException("denied", "SecurityError");
        },
      };
      const { call, fail, state, guard } = makeGuard({ ...world, storage: () => refusing });
      await call(good);
      await fail(5);
      assert.equal(state(), "open");
      assert.equal(guard.snapshot().storage, "memory");
      assert.deepEqual(await guard.stored(), []);
      guard.close();
    });
  });

  test("storage: memory stores nothing", async () => {
    const { fail, guard } = makeGuard(world, { ...OPTIONS, storage: "memory" });
    await fail(5);
    guard.close();
    assert.equal(world.kept.size, 0);
  });
});

describe("a circuit's life in events", () => {
  let guard: Guard;
  after(() => guard.close());

  test("every transition is told once, with its cause", async () => {
    const world = createWorld();
    const setting = makeGuard(world);
    guard = setting.guard;
    await setting.fail(5);
    await world.advance(30_000);
    await setting.call(bad);
    await world.advance(60_000);
    await setting.call(good);
    await setting.call(good);
    const told = setting.transitions.map(({ breaker, from, to, cause }) => [breaker, from, to, cause]);
    assert.deepEqual(told, [
      ["rest", "closed", "open", "failure_count"],
      ["rest", "open", "half_open", "cool_down_elapsed"],
      ["rest", "half_open", "open", "probe_failed"],
      ["rest", "open", "half_open", "cool_down_elapsed"],
      ["rest", "half_open", "closed", "probes_succeeded"],
    ]);
  });

  test("a hand opens, closes, disables and resets a circuit", async () => {
    const setting = makeGuard(createWorld());
    const breaker = setting.guard.breakers.get("rest");
    assert.ok(breaker);
    breaker.forceOpen();
    assert.equal(breaker.state, "forced_open");
    await assert.rejects(setting.call(good), { code: "circuit_open", retryAfter: undefined });
    breaker.forceClosed();
    await setting.fail(10);
    assert.equal(breaker.state, "forced_closed");
    breaker.disable();
    await setting.fail(10);
    assert.equal(breaker.state, "disabled");
    breaker.reset();
    assert.equal(breaker.state, "closed");
    await setting.fail(5);
    assert.equal(breaker.state, "open");
    assert.deepEqual(
      [...setting.guard.breakers].map(({ key }) => key),
      ["rest", "rpc", "auth", "storage", "functions"],
    );
    setting.guard.close();
  });
});

/** The page again, a moment later: its monotonic clock begins anew, what was stored is there. */
function reloaded(world: World): World {
  const next = createWorld(world.kept);
  next.setWall(world.wallNow() + 100);
  return next;
}
