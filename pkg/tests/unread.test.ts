/** An answer read whole by one of its own methods: watched as closely as one that is read as a stream. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createGuard, type Guard, TimeoutError } from "seawall";

import { createWorld, settled, type World } from "./world.js";

const ADDRESS = "https://project.example.test/rest/v1/things";
const OPTIONS = { timeout: 500, deadline: 5_000, retry: { attempts: 1 } };

interface Opened {
  readonly world: World;
  readonly guard: Guard;
  read(path?: string): Promise<Response>;
}

/** A guard over answers that are made anew for each call; what answers looks at no signal. */
function opened(answer: () => Response): Opened {
  const world = createWorld();
  const guard = createGuard(OPTIONS, { ...world, fetch: async () => answer() });
  return { world, guard, read: (path = ADDRESS) => guard.fetch(path) };
}

/** A body that a test writes by hand. */
function written(): { body: ReadableStream<Uint8Array<ArrayBuffer>>; write(text: string): void; end(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (own) => void (controller = own) });
  return { body, write: (text) => controller.enqueue(new TextEncoder().encode(text)), end: () => controller.close() };
}

const rest = (guard: Guard): { successes: number; failures: number } => {
  const found = guard.snapshot().breakers.find(({ key }) => key === "rest");
  return { successes: found?.successes ?? 0, failures: found?.failures ?? 0 };
};

/** The part of the package that watches comes with the first call. */
async function warm({ read }: Opened): Promise<void> {
  await (await read(`${ADDRESS}?first`)).text();
  for (let turn = 0; turn < 1_000; turn += 1) {
    const response = await read(`${ADDRESS}?${turn}`);
    await response.text();
    if (response.constructor !== Response && Object.hasOwn(Object.getPrototypeOf(response), "text")) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("it never came");
}

describe("an answer read by its own method", () => {
  test("each method gives what a bare answer gives, once", async () => {
    const all = opened(() => Response.json([1]));
    await warm(all);
    const bytes = new TextEncoder().encode("[1]");
    assert.equal(await (await all.read()).text(), "[1]");
    assert.deepEqual(await (await all.read()).json(), [1]);
    assert.deepEqual(new Uint8Array(await (await all.read()).arrayBuffer()), bytes);
    const blob = await (await all.read()).blob();
    assert.equal(blob.type, "application/json");
    assert.equal(await blob.text(), "[1]");
    const response = await all.read();
    assert.equal(response.bodyUsed, false);
    const first = response.text();
    assert.equal(response.bodyUsed, true);
    await assert.rejects(response.json(), TypeError);
    assert.equal(await first, "[1]");
    assert.throws(() => response.clone(), TypeError);
    assert.equal(response.body?.locked, true);
    all.guard.close();
  });

  test("a form, a copy and a stream are read as ever", async () => {
    const form = new FormData();
    form.set("name", "value");
    const forms = opened(() => new Response(form));
    await warm(forms);
    assert.equal((await (await forms.read()).formData()).get("name"), "value");
    forms.guard.close();

    const rows = opened(() => Response.json([1]));
    await warm(rows);
    const response = await rows.read();
    const copy = response.clone();
    assert.deepEqual(await response.json(), [1]);
    assert.deepEqual(await copy.json(), [1]);
    const streamed = await rows.read();
    assert.equal(streamed.body?.locked, false);
    assert.equal(streamed.bodyUsed, false);
    assert.equal(await new Response(streamed.body).text(), "[1]");
    assert.equal(streamed.bodyUsed, true);
    rows.guard.close();
  });

  test("its call is told by the time its reader has it, and a body that is no JSON came all the same", async () => {
    const all = opened(() => new Response("no JSON"));
    await warm(all);
    const before = rest(all.guard);
    await assert.rejects((await all.read()).json(), SyntaxError);
    assert.deepEqual(rest(all.guard), { successes: before.successes + 1, failures: before.failures });
    assert.equal(all.guard.snapshot().calls.inflight, 0);
    all.guard.close();
  });

  test("a body that breaks is a failure", async () => {
    let breaks = false;
    const broken = (): Response => new Response(new ReadableStream({ start: (own) => own.error(new TypeError("terminated")) }));
    const all = opened(() => (breaks ? broken() : Response.json([])));
    await warm(all);
    breaks = true;
    await assert.rejects((await all.read()).text(), { message: "terminated" });
    assert.equal(rest(all.guard).failures, 1);
    all.guard.close();
  });

  test("T4: it ends at its limit although its sender knows no signal, and counts as failed", async () => {
    let stalls = false;
    const all = opened(() => (stalls ? new Response(new ReadableStream()) : Response.json([])));
    await warm(all);
    stalls = true;
    for (const method of ["text", "json", "arrayBuffer", "blob"] as const) {
      const before = rest(all.guard).failures;
      const reading = assert.rejects((await all.read())[method](), TimeoutError);
      await settled();
      await all.world.advance(501);
      await reading;
      assert.equal(rest(all.guard).failures, before + 1, method);
    }
    all.guard.close();
  });

  test("who begins to read late is given time for each pause", async () => {
    let answer = (): Response => Response.json([]);
    const all = opened(() => answer());
    await warm(all);
    const { body, write, end } = written();
    answer = () => new Response(body);
    const response = await all.read();
    await all.world.advance(600);
    const text = response.text();
    for (const word of ["one ", "two ", "three"]) {
      await all.world.advance(400);
      write(word);
      await settled();
    }
    end();
    assert.equal(await text, "one two three");
    assert.equal(rest(all.guard).failures, 0);
    all.guard.close();
  });

  test("an answer that nobody reads counts as one after the time that an attempt may take, an empty one at once", async () => {
    let answer = (): Response => Response.json([]);
    const all = opened(() => answer());
    await warm(all);
    const before = rest(all.guard);
    await all.read();
    assert.equal(rest(all.guard).successes, before.successes);
    await all.world.advance(501);
    assert.equal(rest(all.guard).successes, before.successes + 1);
    answer = () => new Response("", { headers: { "content-length": "0" } });
    assert.equal(await (await all.read(`${ADDRESS}?empty`)).text(), "");
    await all.read(`${ADDRESS}?nothing`);
    assert.equal(rest(all.guard).successes, before.successes + 3);
    assert.equal(rest(all.guard).failures, before.failures);
    all.guard.close();
  });

  test("a runtime that reads it by itself finds the whole body, and its time is bounded, too", async () => {
    let sent: AbortSignal | null | undefined;
    const world = createWorld();
    const guard = createGuard(OPTIONS, {
      ...world,
      fetch: async (_input, init) => {
        sent = init?.signal;
        return Response.json(["whole"]);
      },
    });
    const read = (path = ADDRESS): Promise<Response> => guard.fetch(path);
    await warm({ world, guard, read });
    const native = Response.prototype.text;
    const response = await read();
    assert.equal(await native.call(response), '["whole"]');
    assert.equal(sent?.aborted, false);
    await world.advance(501);
    assert.equal(sent?.aborted, true);
    assert.equal(rest(guard).failures, 0);
    guard.close();
  });
});
