/** How many calls are under way, who waits, and who goes first; with the real supabase-js where it matters. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { type CallEvent, createGuard, type GuardOptions, protect, type WaitEvent } from "seawall";

import { json, silence, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";
import { createWorld, settled, type World } from "./world.js";

const ADDRESS = "http://project.example.test/rest/v1/messages";
const TWO: GuardOptions = { inflight: { min: 1, max: 2 }, retry: { attempts: 1 }, limits: { reads: { limit: 1_000 } } };

/** A backend whose answers come when the test says so, in the order they were asked for. */
function makeGuard(world: World, options: GuardOptions = TWO) {
  const open: { url: string; answer(response: Response): void }[] = [];
  const guard = createGuard(options, {
    ...world,
    fetch: (input) => new Promise((answer) => open.push({ url: String(input), answer })),
  });
  const calls: CallEvent[] = [];
  const waits: WaitEvent[] = [];
  guard.on("call", (event) => calls.push(event));
  guard.on("wait", (event) => waits.push(event));
  const get = (name: string, init: object = {}): Promise<string> =>
    guard.fetch(`${ADDRESS}?${name}`, { ...init, seawall: { coalesce: false, ...("seawall" in init ? (init.seawall as object) : {}) } } as RequestInit).then(
      (response) => response.text(),
      (error: { code?: unknown; name: string }) => (typeof error.code === "string" ? error.code : error.name),
    );
  const names = (): string[] => open.map(({ url }) => url.split("?")[1] ?? "");
  const end = async (name: string): Promise<void> => {
    const index = names().indexOf(name);
    open.splice(index, 1)[0]?.answer(Response.json([]));
    await settled();
  };
  return { guard, calls, waits, get, names, end };
}

describe("calls under way", () => {
  test("no more than the cap at a time; the others go as places become free, the urgent first", async () => {
    const { guard, get, names, end, waits } = makeGuard(createWorld());
    const ended = [get("a"), get("b"), get("c", { seawall: { priority: "low" } }), get("d"), get("e", { seawall: { priority: "critical" } })];
    await settled();
    assert.deepEqual(names(), ["a", "b"]);
    assert.deepEqual(waits.map(({ reason }) => reason), ["inflight", "inflight", "inflight"]);
    await end("a");
    assert.deepEqual(names(), ["b", "e"]);
    await end("b");
    assert.deepEqual(names(), ["e", "d"]);
    await end("e");
    assert.deepEqual(names(), ["d", "c"]);
    await end("d");
    await end("c");
    assert.deepEqual(await Promise.all(ended), Array(5).fill("[]"));
    guard.close();
  });

  test("the time in line is told with the call", async () => {
    const world = createWorld();
    const { guard, get, end, calls } = makeGuard(world);
    const ended = [get("a"), get("b"), get("c")];
    await settled();
    await world.advance(700);
    await end("a");
    await world.advance(50);
    await end("b");
    await end("c");
    await Promise.all(ended);
    assert.deepEqual(calls.map(({ queued }) => Math.round(queued)), [0, 0, 700]);
    guard.close();
  });

  test("who gives up in line is not sent, and takes nobody's place", async () => {
    const { guard, get, names, end } = makeGuard(createWorld());
    const controller = new AbortController();
    const ended = [get("a"), get("b"), get("c", { signal: controller.signal }), get("d")];
    await settled();
    controller.abort();
    assert.equal(await ended[2], "AbortError");
    await end("a");
    assert.deepEqual(names(), ["b", "d"]);
    guard.close();
  });

  test("the deadline ends the wait, and nothing was sent", async () => {
    const world = createWorld();
    const { guard, get, names, calls } = makeGuard(world, { ...TWO, timeout: 60_000, deadline: 5_000 });
    void get("a");
    void get("b");
    const third = get("c");
    await settled();
    await world.advance(5_001);
    assert.equal(await third, "deadline_exceeded");
    assert.deepEqual(names(), ["a", "b"]);
    assert.deepEqual(calls.find(({ attempts }) => attempts === 0)?.category, "timeout");
    guard.close();
  });

  test("a full line refuses at once", async () => {
    const { guard, get } = makeGuard(createWorld(), { ...TWO, inflight: { min: 1, max: 2, maxQueue: 1 } });
    void get("a");
    void get("b");
    void get("c");
    assert.equal(await get("d"), "rate_limited");
    guard.close();
  });

  test("an answer whose body nobody reads holds no place", async () => {
    const world = createWorld();
    let sent = 0;
    const guard = createGuard(TWO, {
      ...world,
      fetch: async () => {
        sent += 1;
        return new Response(new ReadableStream(), { status: 200 });
      },
    });
    for (let call = 0; call < 10; call += 1) await guard.fetch(`${ADDRESS}?${call}`);
    assert.equal(sent, 10);
    guard.close();
  });

  test("the server's stress lowers the cap: half a dozen answers of 503, and fewer at a time", async () => {
    const world = createWorld();
    let under = 0;
    let most = 0;
    const guard = createGuard(
      { retry: { attempts: 1 }, breaker: { mode: "disabled" }, limits: { reads: { limit: 10_000 } } },
      {
        ...world,
        fetch: async () => {
          under += 1;
          most = Math.max(most, under);
          await settled();
          under -= 1;
          return Response.json({ message: "busy" }, { status: 503 });
        },
      },
    );
    const burst = async (): Promise<number> => {
      most = 0;
      await Promise.all(Array.from({ length: 30 }, (_, index) => guard.fetch(`${ADDRESS}?id=eq.${index}`)));
      await world.advance(10);
      return most;
    };
    assert.equal(await burst(), 16);
    for (let round = 0; round < 30; round += 1) await burst();
    assert.ok((await burst()) <= 3);
    guard.close();
  });
});

describe("with the real supabase-js", () => {
  test("the header sets the priority, and never leaves the page", async () => {
    const backend = await startBackend(silence);
    const supabase = protect(createClient(backend.url, KEY, QUIET), { inflight: { min: 1, max: 1 }, timeout: 0, deadline: 0 });
    const first = supabase.from("a").select().then(() => {});
    const low = supabase.from("b").select().setHeader("x-seawall", "priority=low").then(() => {});
    const high = supabase.from("c").select().setHeader("x-seawall", "priority=high").then(() => {});
    while (backend.received.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    backend.behave(json(200, []));
    supabase.guard.close();
    await Promise.all([first, low, high]);
    assert.equal(backend.received[0]?.headers["x-seawall"], undefined);
    await backend.close();
  });

  test("a sign-in never stands in line behind calls that wait for its token", async () => {
    const backend = await startBackend((received, response) => {
      if (received.url.startsWith("/auth/")) json(200, {})(received, response);
    });
    const guard = createGuard({ inflight: { min: 1, max: 1 }, retry: { attempts: 1 } });
    const stuck = guard.fetch(`${backend.url}/rest/v1/t`).catch(() => {});
    const answer = await guard.fetch(`${backend.url}/auth/v1/token?grant_type=refresh_token`, { method: "POST", body: "{}" });
    assert.equal(answer.status, 200);
    await answer.text();
    guard.close();
    await stuck;
    await backend.close();
  });
});
