/** T5 of the requirements once more, as supabase-js's caller lives it; `state.test.ts` has it in full. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createGuard, type Guard, type GuardOptions } from "seawall";

import { KEY, QUIET } from "./supabase.js";
import { createWorld, settled, type World } from "./world.js";

const OPTIONS: GuardOptions = {
  retry: { attempts: 1 },
  timeout: 60_000,
  deadline: 120_000,
  breaker: { jitter: 0, halfOpenProbes: 1, probeTimeout: 15_000 },
};

type Answer = () => Response | Promise<Response>;
const good: Answer = () => Response.json([]);
const bad: Answer = () => Response.json({ message: "down" }, { status: 502 });

interface Page {
  guard: Guard;
  supabase: SupabaseClient;
  /** The code of the read's error, or undefined. */
  read(answer: Answer, table?: string): Promise<string | undefined>;
  state(): string | undefined;
}

function open(world: World): Page {
  let answer = good;
  const guard = createGuard(OPTIONS, { ...world, fetch: async () => answer() });
  const supabase = createClient("http://project.example.test", KEY, { ...QUIET, global: { fetch: guard.fetch } });
  return {
    guard,
    supabase,
    async read(next, table = "messages") {
      answer = next;
      const { error } = await supabase.from(table).select();
      return error?.code;
    },
    state: () => guard.breakers.get("rest")?.state,
  };
}

async function fail(page: Page, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await page.read(bad);
}

describe("T5 with the real supabase-js", () => {
  test("idle gap: failures from before it do not count", async () => {
    const world = createWorld();
    const page = open(world);
    await fail(page, 4);
    await world.advance(3_600_000);
    await fail(page, 4);
    assert.equal(page.state(), "closed");
    await fail(page, 1);
    assert.equal(page.state(), "open");
    page.guard.close();
  });

  test("late result: an answer to an old question changes nothing", async () => {
    const world = createWorld();
    const page = open(world);
    let arrive = (): void => {};
    // Of another table: the same read would share the one under way.
    const late = page.read(() => new Promise((resolve) => (arrive = () => resolve(bad() as Response))), "rooms");
    await settled();
    await fail(page, 5);
    assert.equal(page.state(), "open");
    await world.advance(30_000);
    arrive();
    await late;
    assert.notEqual(page.state(), "open");
    page.guard.close();
  });

  test("hung probe: others are refused at once, and it is given up", async () => {
    const world = createWorld();
    const page = open(world);
    await fail(page, 5);
    await world.advance(30_000);
    const hung = page.read(() => new Promise(() => {}), "people");
    await settled();
    const { error } = await page.supabase.from("rooms").select();
    assert.equal(error?.code, "circuit_open");
    await world.advance(15_000);
    assert.equal(page.state(), "open");
    page.guard.close();
    await hung;
  });

  test("clock set back: the cool-down lasts as long as it was meant to", async () => {
    const world = createWorld();
    const page = open(world);
    await fail(page, 5);
    world.setWall(world.wallNow() - 86_400_000);
    await world.advance(29_000);
    assert.equal(await page.read(good), "circuit_open");
    await world.advance(1_000);
    assert.equal(await page.read(good), undefined);
    page.guard.close();
  });

  test("corrupt state: it is discarded, and reads go on", async () => {
    const donor = createWorld();
    const first = open(donor);
    await fail(first, 5);
    first.guard.close();
    assert.ok(donor.kept.size > 0);
    for (const change of [(text: string) => text.slice(0, text.length / 2), () => "\u0000{]", (text: string) => text.replaceAll("1", "2")]) {
      const page = open(createWorld(new Map([...donor.kept].map(([key, text]) => [key, change(text)]))));
      assert.equal(page.state(), "closed");
      assert.equal(await page.read(good), undefined);
      page.guard.close();
    }
  });
});
