/** What a call may ask of the guard, by an object or by a header that stays in the page. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { createGuard, type GuardedFetch } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

let backend: Backend;
before(async () => {
  backend = await startBackend(json(200, []));
});
after(() => backend.close());

async function sent(init: RequestInit, input?: Request): Promise<Backend["received"][number] | undefined> {
  const guard = createGuard({ storage: "memory" });
  await guard.fetch(input ?? `${backend.url}/rest/v1/t`, init);
  guard.close();
  return backend.received.at(-1);
}

test("the header with call options never leaves the page, and the others do", async () => {
  const received = await sent({ headers: { "x-seawall": "priority=high; tags=a,b", apikey: "k" } });
  assert.equal(received?.headers["x-seawall"], undefined);
  assert.equal(received?.headers["apikey"], "k");
});

test("the header is taken out of a Request too, and its body is sent", async () => {
  const request = new Request(`${backend.url}/rest/v1/t`, {
    method: "POST",
    headers: { "x-seawall": "idempotent=true", "content-type": "application/json" },
    body: '{"a":1}',
  });
  const received = await sent({}, request);
  assert.equal(received?.headers["x-seawall"], undefined);
  assert.equal(received?.headers["content-type"], "application/json");
  assert.equal(received?.body.toString(), '{"a":1}');
});

for (const header of ["priorty=high", "priority=urgent", "cache=sometimes"]) {
  test(`"${header}" is refused by name, and nothing is sent`, async () => {
    const guard = createGuard({ storage: "memory" });
    const before = backend.received.length;
    const call = (guard.fetch as GuardedFetch)(`${backend.url}/rest/v1/t`, { headers: { "x-seawall": header } });
    await assert.rejects(call, { name: "OptionError" });
    assert.equal(backend.received.length, before);
    guard.close();
  });
}

test("to postgrest-js an impossible option is an { error }, at once and without a second try", async () => {
  const guard = createGuard({ storage: "memory" });
  let calls = 0;
  const counted: typeof fetch = (input, init) => {
    calls += 1;
    return guard.fetch(input, init);
  };
  const supabase = createClient(backend.url, KEY, { ...QUIET, global: { fetch: counted } });
  const { error, status } = await supabase.from("t").select().setHeader("x-seawall", "priority=urgent");
  assert.deepEqual([error?.code, status, calls], ["invalid_option", 0, 1]);
  guard.close();
});

test("a write marked idempotent is repeated after its answer was lost", async () => {
  const guard = createGuard({ storage: "memory", retry: { baseDelay: 1 } });
  const before = backend.received.length;
  let first = true;
  backend.behave((received, response) => {
    if (first) response.socket?.destroy();
    else json(201, [])(received, response);
    first = false;
  });
  const init = { method: "POST", body: "{}", seawall: { idempotent: true } } as RequestInit;
  const response = await guard.fetch(`${backend.url}/rest/v1/t`, init);
  assert.equal(response.status, 201);
  assert.equal(backend.received.length - before, 2);
  guard.close();
});
