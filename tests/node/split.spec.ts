/** Lists too long for a URL on the real server: asked for in parts, answered as one. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";

import { type Stack, startStack } from "../browser/stack.ts";
import { anonKey, REALTIME } from "./people.ts";
import { type Counted, counted } from "./shape/traffic.ts";

const UIDS = Array.from({ length: 2_000 }, (_, index) => `00000000-0000-4000-8000-${(index + 1).toString(16).padStart(12, "0")}`);
const MAX_URL = 8_000;

let stack: Stack;
let guarded: Counted;
let supabase: SupabaseClient;
/** Without a guard; the server takes long addresses. */
let plain: SupabaseClient;

before(async () => {
  stack = await startStack({ scripts: `${import.meta.dirname}/shape`, env: { SEAWALL_RATE_LIMITS: "false" } });
  const key = await anonKey(stack.url);
  guarded = counted({});
  const options = { auth: { persistSession: false, autoRefreshToken: false }, ...REALTIME };
  supabase = createClient(stack.url, key, { ...options, global: { fetch: guarded.guard.fetch } });
  plain = createClient(stack.url, key, options);
});

after(async () => {
  guarded?.guard.close();
  await stack?.stop();
});

describe("T11", () => {
  test("two thousand uuids are answered, no URL longer than allowed", async () => {
    const { data, error, status } = await supabase.from("shape_many").select("uid").in("uid", UIDS);
    assert.equal(error, null);
    assert.equal(status, 200);
    assert.equal(new Set(data?.map(({ uid }) => uid)).size, 2_000);
    assert.equal(data?.length, 2_000);
    const urls = guarded.sent();
    assert.ok(urls.length > 1);
    for (const url of urls) assert.ok(url.length <= MAX_URL, `${url.length} characters`);
  });

  for (const [name, order] of [["number", "position"], ["instant", "at"], ["uuid", "uid"]] as const) {
    test(`in the order of a ${name}, as one request gives it`, async () => {
      // Long enough to be split, short enough for the server to take whole.
      const some = UIDS.slice(0, 300);
      for (const ascending of [true, false]) {
        const ask = (client: SupabaseClient) =>
          client.from("shape_many").select("*", { count: "exact" }).in("uid", some).order(order, { ascending }).order("uid");
        const expected = await ask(plain);
        assert.equal(expected.error, null);
        guarded.sent();
        const found = await ask(supabase);
        assert.ok(guarded.sent().length > 1);
        assert.deepEqual({ data: found.data, count: found.count, status: found.status }, { data: expected.data, count: 300, status: 200 });
      }
    });
  }
});

test("rows ordered by text are not guessed at: the request goes out as it is", async () => {
  const some = UIDS.slice(0, 300);
  const ask = (client: SupabaseClient) => client.from("shape_many").select("label").in("uid", some).order("label");
  assert.deepEqual((await ask(supabase)).data, (await ask(plain)).data);
});

test("a count alone is summed", async () => {
  const { count, error } = await supabase.from("shape_many").select("*", { count: "exact", head: true }).in("uid", UIDS);
  assert.equal(error, null);
  assert.equal(count, 2_000);
});

test("an error of one part is the answer", async () => {
  const { error } = await supabase.from("shape_many").select("nothing").in("uid", UIDS);
  assert.equal(error?.code, "42703");
});

test("a write in parts needs its caller's word", async () => {
  const some = UIDS.slice(0, 600);
  guarded.sent();
  await supabase.from("shape_many").delete().in("uid", some).eq("position", -1);
  assert.equal(guarded.sent().length, 1);
  const { error } = await supabase.from("shape_many").delete().in("uid", some).setHeader("x-seawall", "idempotent");
  assert.equal(error, null);
  assert.ok(guarded.sent().length > 1);
  const { count } = await supabase.from("shape_many").select("*", { count: "exact", head: true });
  assert.equal(count, 1_400);
});
