/** Several tabs of one origin: one limit, one circuit, one that probes. The channel, lock and storage are in one process. */

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";

import { createGuard, type Environment, type Guard, type GuardOptions, type TransitionEvent } from "seawall";

import { createTabs, type Tabs } from "./tabs.js";
import { createWorld, settled, type World } from "./world.js";

const ADDRESS = "http://project.example.test/rest/v1/messages";
const OPTIONS: GuardOptions = {
  retry: { attempts: 1 },
  limits: { reads: { limit: 20, window: 10_000 }, maxWait: 5_000 },
  breaker: { jitter: 0, halfOpenProbes: 1, successThreshold: 1 },
};

interface Page {
  guard: Guard;
  transitions: TransitionEvent[];
  read(): Promise<string>;
}

let open: Guard[] = [];
afterEach(() => {
  for (const guard of open) guard.close();
  open = [];
});

/** What all tabs of the origin send, by one clock. */
function makeOrigin(world: World = createWorld(), tabs: Tabs = createTabs(), own: Partial<Environment> = {}) {
  const sent: { tab: number; at: number }[] = [];
  let answer = (): Response => Response.json([]);
  let count = 0;
  const page = (options: GuardOptions = OPTIONS): Page => {
    const tab = (count += 1);
    const guard = createGuard(options, {
      ...world,
      ...tabs.open(),
      ...own,
      random: () => tab / 100,
      fetch: async () => {
        sent.push({ tab, at: world.monotonicNow() });
        return answer();
      },
    });
    open.push(guard);
    const transitions: TransitionEvent[] = [];
    guard.on("transition", (event) => transitions.push(event));
    const read = async (): Promise<string> => {
      try {
        const response = await guard.fetch(ADDRESS, { seawall: { coalesce: false } } as RequestInit);
        await response.text();
        return String(response.status);
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    return { guard, transitions, read };
  };
  return { world, tabs, sent, page, answerWith: (next: () => Response) => (answer = next) };
}

/** Everything that is under way, messages and the loading of parts included. */
async function quiet(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await settled();
}

/** Lets the world go on in small steps, so that messages arrive between them. */
async function pass(world: World, millis: number): Promise<void> {
  for (let step = 0; step < millis; step += 50) {
    await world.advance(50);
    await quiet();
  }
}

function mostInAnyWindow(sent: { at: number }[], window: number): number {
  const within = (start: number): number => sent.filter(({ at }) => at >= start && at < start + window).length;
  return Math.max(0, ...sent.map(({ at }) => within(at)));
}

describe("one limit in ten tabs", () => {
  test("ten tabs fire far more than the limit at once: no window holds more than it, and nothing over it is sent", async () => {
    const { world, sent, page } = makeOrigin();
    const pages = Array.from({ length: 10 }, () => page());
    await pass(world, 200);
    const results = pages.flatMap(({ read }) => Array.from({ length: 20 }, read));
    await pass(world, 30_000);
    assert.ok(mostInAnyWindow(sent, 10_000) <= 20, String(mostInAnyWindow(sent, 10_000)));
    assert.ok(sent.length >= 20);
    const codes = await Promise.all(results);
    assert.equal(codes.filter((code) => code === "200").length, sent.length);
    assert.ok(codes.every((code) => code === "200" || code === "rate_limited"));
  });

  test("tabs that open and fire at the same moment hold the limit together", async () => {
    const { world, sent, page } = makeOrigin();
    const pages = Array.from({ length: 10 }, () => page());
    const results = pages.flatMap(({ read }) => Array.from({ length: 20 }, read));
    await pass(world, 30_000);
    assert.ok(mostInAnyWindow(sent, 10_000) <= 20, String(mostInAnyWindow(sent, 10_000)));
    await Promise.all(results);
  });

  test("tabs that cannot know of each other and hear each other late hold the limit together", async () => {
    const world = createWorld();
    const late = createTabs((message) => void world.startTimer(message, 450));
    const { sent, page } = makeOrigin(world, late, { storage: () => undefined });
    const pages = Array.from({ length: 10 }, () => page());
    const results = pages.flatMap(({ read }) => Array.from({ length: 20 }, read));
    await quiet();
    // Each has sent its allowance, a twentieth.
    assert.ok(sent.length >= 10, String(sent.length));
    await pass(world, 40_000);
    assert.ok(mostInAnyWindow(sent, 10_000) <= 20, String(mostInAnyWindow(sent, 10_000)));
    assert.ok(sent.length >= 18, String(sent.length));
    await Promise.all(results);
  });

  test("what one tab leaves another can use", async () => {
    const { world, sent, page } = makeOrigin();
    const [, , last] = [page(), page(), page()];
    await pass(world, 200);
    const results = Array.from({ length: 20 }, () => last?.read());
    await pass(world, 1_000);
    assert.equal(sent.length, 20);
    assert.deepEqual(new Set(await Promise.all(results)), new Set(["200"]));
  });

  test("alone, the limit is there at once and the other part is not loaded", async () => {
    const { world, sent, page } = makeOrigin();
    const only = page();
    await pass(world, 100);
    const results = Array.from({ length: 20 }, only.read);
    await quiet();
    assert.equal(sent.length, 20);
    await Promise.all(results);
  });

  test("calls right behind createGuard() that would not wait are not refused for want of a lock", async () => {
    const { world, sent, page } = makeOrigin();
    const only = page({ ...OPTIONS, limits: { reads: { limit: 5, window: 10_000 }, maxWait: 0 } });
    const results = Array.from({ length: 6 }, only.read);
    await pass(world, 400);
    assert.equal(sent.length, 5);
    const codes = await Promise.all(results);
    assert.deepEqual(codes.filter((code) => code !== "200"), ["rate_limited"]);
  });

  test("the keeper closes: another takes over and forgets nothing", async () => {
    const { world, sent, page } = makeOrigin();
    const [keeper, other] = [page(), page()];
    await pass(world, 200);
    await Promise.all(Array.from({ length: 15 }, keeper.read));
    await pass(world, 1_200);
    keeper.guard.close();
    await pass(world, 200);
    const results = Array.from({ length: 20 }, other.read);
    await pass(world, 1_000);
    assert.equal(sent.length, 20);
    await pass(world, 20_000);
    assert.ok(mostInAnyWindow(sent, 10_000) <= 20);
    await Promise.all(results);
  });

  test("a keeper that is asleep is replaced, so that nobody waits for it for ever", async () => {
    const world = createWorld();
    const { tabs, sent, page } = makeOrigin(world);
    // A tab that holds the lock and never says a word.
    void tabs.open().exclusively("seawall:tabs", () => new Promise(() => {}));
    const awake = page();
    await pass(world, 200);
    const results = Array.from({ length: 10 }, awake.read);
    await pass(world, 4_000);
    assert.equal(sent.length, 10);
    assert.deepEqual(new Set(await Promise.all(results)), new Set(["200"]));
  });

  test("used-up limits are remembered by the next page", async () => {
    const { world, sent, page } = makeOrigin();
    const first = page();
    await pass(world, 100);
    await Promise.all(Array.from({ length: 20 }, first.read));
    await pass(world, 1_100);
    first.guard.close();
    const second = page();
    await pass(world, 100);
    const over = second.read();
    await pass(world, 5_000);
    assert.equal(sent.length, 20);
    assert.equal(await over, "rate_limited");
    await pass(world, 4_000);
    assert.equal(await second.read(), "200");
  });

  for (const [name, text] of Object.entries({
    garbage: "\u0000{]",
    "of another version": "102,1,0,5,1,7 0 0 /rest/v1/messages\n",
    "a megabyte": "x".repeat(1_000_000),
    "without an end": "101,1,0",
    infinite: "101,Infinity,NaN 0 0 /rest/v1/messages\n",
  })) {
    test(`stored usage that is ${name} is discarded and calls go on`, async () => {
      const { world, tabs, page } = makeOrigin();
      tabs.kept.set("seawall:limits", text);
      const only = page();
      await pass(world, 100);
      assert.equal(await only.read(), "200");
      assert.notEqual(tabs.kept.get("seawall:limits"), text);
    });
  }

  test("guards of other names, and those that keep nothing, hold limits of their own", async () => {
    const { world, sent, page } = makeOrigin();
    const pages = [page(), page({ ...OPTIONS, name: "other" }), page({ ...OPTIONS, storage: "memory" })];
    await pass(world, 200);
    const results = pages.flatMap(({ read }) => Array.from({ length: 20 }, read));
    await pass(world, 1_000);
    assert.equal(sent.length, 60);
    await Promise.all(results);
  });
});

describe("one circuit in ten tabs", () => {
  const bad = (): Response => Response.json({ message: "down" }, { status: 502 });
  const good = (): Response => Response.json([]);

  async function opened() {
    const origin = makeOrigin();
    const pages = Array.from({ length: 10 }, () => origin.page({ ...OPTIONS, limits: { reads: { limit: 1_000 } } }));
    await pass(origin.world, 200);
    origin.answerWith(bad);
    for (let call = 0; call < 5; call += 1) await pages[3]?.read();
    await quiet();
    return { ...origin, pages };
  }

  test("open in one, open in all within a moment", async () => {
    const { pages, sent } = await opened();
    assert.deepEqual(pages.map(({ guard }) => guard.breakers.get("rest")?.state), Array(10).fill("open"));
    const before = sent.length;
    assert.deepEqual(await Promise.all(pages.map(({ read }) => read())), Array(10).fill("circuit_open"));
    assert.equal(sent.length, before);
    assert.equal(pages[7]?.transitions.at(-1)?.cause, "other_tab");
    assert.equal(pages[3]?.transitions.at(-1)?.cause, "failure_count");
  });

  test("one tab probes, and what it finds holds in all", async () => {
    const { pages, sent, world, answerWith } = await opened();
    answerWith(good);
    await world.advance(30_000);
    await quiet();
    const before = sent.length;
    await Promise.all(pages.map(({ read }) => read()));
    await quiet();
    if (sent.length === before) {
      await Promise.all(pages.map(({ read }) => read()));
      await quiet();
    }
    assert.equal(sent.length, before + 1);
    assert.deepEqual(pages.map(({ guard }) => guard.breakers.get("rest")?.state), Array(10).fill("closed"));
    assert.deepEqual(await Promise.all(pages.map(({ read }) => read())), Array(10).fill("200"));
  });

  test("a failed probe in one tab opens the circuit in all again", async () => {
    const { pages, sent, world } = await opened();
    await world.advance(30_000);
    await quiet();
    const before = sent.length;
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(pages.map(({ read }) => read()));
      await quiet();
    }
    assert.equal(sent.length, before + 1);
    assert.deepEqual(pages.map(({ guard }) => guard.breakers.get("rest")?.state), Array(10).fill("open"));
  });
});
