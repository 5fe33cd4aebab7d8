/** Identical reads under way share one request, and nothing else does. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { createGuard, type Guard } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

let backend: Backend;
let guard: Guard;

beforeEach(async () => {
  backend = await startBackend(slowly(json(200, [{ id: 1 }])));
  guard = createGuard({ storage: "memory" });
});

afterEach(async () => {
  guard.close();
  await backend.close();
});

/** Answers late, so that what is asked at once is under way together. */
function slowly(behaviour: ReturnType<typeof json>): ReturnType<typeof json> {
  return (received, response) => void setTimeout(() => behaviour(received, response), 30);
}

const client = (headers: Record<string, string> = {}) =>
  createClient(backend.url, KEY, { ...QUIET, global: { fetch: guard.fetch, headers } });

const rows = (path = "rows") => `${backend.url}/rest/v1/${path}`;

describe("T6 dedupe", () => {
  test("identical reads are one request, and each caller gets the whole answer", async () => {
    const supabase = client();
    const answers = await Promise.all([1, 2, 3].map(() => supabase.from("rows").select("id")));
    for (const { data, error } of answers) assert.deepEqual({ data, error }, { data: [{ id: 1 }], error: null });
    assert.equal(new Set(answers.map(({ data }) => data)).size, 3);
    assert.equal(backend.received.length, 1);
  });

  test("a list and a single row are two requests", async () => {
    backend.behave(
      slowly((received, response) => {
        const isObject = String(received.headers.accept).includes("object+json");
        json(200, isObject ? { id: 1 } : [{ id: 1 }])(received, response);
      }),
    );
    const supabase = client();
    const [list, one] = await Promise.all([
      supabase.from("rows").select("id").eq("id", 1),
      supabase.from("rows").select("id").eq("id", 1).single(),
    ]);
    assert.deepEqual(list.data, [{ id: 1 }]);
    assert.deepEqual(one.data, { id: 1 });
    assert.equal(backend.received.length, 2);
  });

  test("two users never share an answer", async () => {
    backend.behave(slowly((received, response) => json(200, [{ user: received.headers.authorization }])(received, response)));
    const answers = await Promise.all(
      ["one", "two"].map((token) => client({ Authorization: `Bearer ${token}` }).from("rows").select("user")),
    );
    assert.deepEqual(
      answers.map(({ data }) => data),
      [[{ user: "Bearer one" }], [{ user: "Bearer two" }]],
    );
    assert.equal(backend.received.length, 2);
  });
});

test("answers are equal byte for byte, headers and status too", async () => {
  backend.behave(slowly((_received, response) => {
    response.writeHead(206, { "content-type": "application/json", "content-range": "0-0/9" });
    response.end('[{"n":1.0,"big":12345678901234567890}]');
  }));
  const answers = await Promise.all([guard.fetch(rows()), guard.fetch(rows()), guard.fetch(rows())]);
  for (const answer of answers) {
    assert.equal(answer.status, 206);
    assert.equal(answer.url, rows());
    assert.equal(answer.headers.get("content-range"), "0-0/9");
    assert.equal(await answer.text(), '[{"n":1.0,"big":12345678901234567890}]');
  }
  assert.equal(backend.received.length, 1);
});

test("one caller's abort leaves the others their answer", async () => {
  const controller = new AbortController();
  const first = guard.fetch(rows(), { signal: controller.signal });
  const second = guard.fetch(rows());
  controller.abort(new Error("gone"));
  await assert.rejects(first, /gone/);
  assert.equal((await second).status, 200);
  assert.equal(backend.received.length, 1);
});

test("the last caller's abort ends the request, and the same read starts anew", async () => {
  const sent: AbortSignal[] = [];
  const slow = guard.wrap((_input, init) => {
    sent.push(init?.signal as AbortSignal);
    return new Promise(() => {});
  });
  const controllers = [new AbortController(), new AbortController()];
  const headers = { authorization: "Bearer a" };
  const calls = controllers.map(({ signal }) => slow(rows(), { headers, signal }));
  controllers[0]?.abort();
  await assert.rejects(calls[0]!, { name: "AbortError" });
  assert.equal(sent[0]?.aborted, false);
  controllers[1]?.abort();
  await assert.rejects(calls[1]!, { name: "AbortError" });
  assert.equal(sent[0]?.aborted, true);
  void slow(rows(), { headers }).catch(() => {});
  await new Promise(setImmediate);
  assert.equal(sent.length, 2);
});

test("an abort while the body comes ends it for its caller alone", async () => {
  let finish = (): void => {};
  backend.behave((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write("[1");
    finish = () => response.end("]");
  });
  const controller = new AbortController();
  const [first, second] = await Promise.all([guard.fetch(rows(), { signal: controller.signal }), guard.fetch(rows())]);
  const text = first.text();
  controller.abort(new Error("gone"));
  await assert.rejects(text, /gone/);
  finish();
  assert.equal(await second.text(), "[1]");
});

test("a failed answer reaches every caller", async () => {
  backend.behave(slowly(json(404, { code: "PGRST205", message: "no such table" })));
  const supabase = client();
  const answers = await Promise.all([supabase.from("rows").select(), supabase.from("rows").select()]);
  assert.deepEqual(answers.map(({ error }) => error?.code), ["PGRST205", "PGRST205"]);
  assert.equal(backend.received.length, 1);
});

test("a read after a write does not join a read from before it", async () => {
  const before = guard.fetch(rows());
  const write = guard.fetch(rows(), { method: "POST", body: "{}" });
  const during = guard.fetch(rows());
  await Promise.all([before, write, during]);
  assert.equal(backend.received.filter(({ method }) => method === "GET").length, 2);
});

test("a read after a write's answer does not join a read from while it was under way", async () => {
  const delays: Record<string, number> = { POST: 30, GET: 120 };
  backend.behave((received, response) => {
    setTimeout(() => json(200, [])(received, response), delays[received.method]);
  });
  const write = guard.fetch(rows(), { method: "POST", body: "{}" });
  const during = guard.fetch(rows());
  await write;
  await Promise.all([during, guard.fetch(rows())]);
  assert.equal(backend.received.filter(({ method }) => method === "GET").length, 2);
});

test("nothing is joined that is asked of auth, of functions, by another fetch, or alone on purpose", async () => {
  const other = guard.wrap((input, init) => fetch(input, init));
  const alone = { seawall: { coalesce: false } } as RequestInit;
  await Promise.all([
    ...[1, 2].map(() => guard.fetch(`${backend.url}/auth/v1/user`)),
    ...[1, 2].map(() => guard.fetch(`${backend.url}/functions/v1/hello`)),
    guard.fetch(rows()),
    other(rows()),
    ...[1, 2].map(() => guard.fetch(rows("others"), alone)),
  ]);
  assert.equal(backend.received.length, 8);
});

test("a trace that follows each request does not keep them apart", async () => {
  const traced = (id: string) => guard.fetch(rows(), { headers: { traceparent: `00-${id}` } });
  await Promise.all([traced("1"), traced("2")]);
  assert.equal(backend.received.length, 1);
});

test("each joined call is told", async () => {
  const told: string[] = [];
  guard.on("join", ({ how, endpoint }) => told.push(`${how} ${endpoint}`));
  await Promise.all([1, 2, 3].map(() => guard.fetch(rows())));
  assert.deepEqual(told, ["coalesce /rest/v1/rows", "coalesce /rest/v1/rows"]);
});

test("reads that want to be answered in different ways are asked apart", async () => {
  backend.behave(
    slowly((received, response) => {
      if (received.url.endsWith("there")) return json(200, [])(received, response);
      response.writeHead(302, { location: "/rest/v1/there" }).end();
    }),
  );
  const [followed, kept] = await Promise.all([guard.fetch(rows()), guard.fetch(rows(), { redirect: "manual" })]);
  assert.deepEqual([followed.status, followed.redirected], [200, true]);
  assert.deepEqual([kept.status, kept.redirected], [302, false]);
  // Whose digest is wrong is nobody else's answer.
  const wrong = `sha256-${"A".repeat(43)}=`;
  const [whole, checked] = await Promise.allSettled([guard.fetch(rows()), guard.fetch(rows(), { integrity: wrong })]);
  assert.deepEqual([whole.status, checked.status], ["fulfilled", "rejected"]);
});
