/** Batched reads on the real server: one request, and every answer what it would have been alone, byte for byte. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";

import { type Stack, startStack } from "../browser/stack.ts";
import { anonKey, REALTIME } from "./people.ts";
import { type Counted, counted, type Seen, seen } from "./shape/traffic.ts";

let stack: Stack;
let key: string;
let batching: Counted;

before(async () => {
  stack = await startStack({ scripts: `${import.meta.dirname}/shape`, env: { SEAWALL_RATE_LIMITS: "false" } });
  key = await anonKey(stack.url);
  batching = counted({ batch: { delay: 10 } });
});

after(async () => {
  batching?.guard.close();
  await stack?.stop();
});

interface Query {
  params: [string, string][];
  headers: Record<string, string>;
}

const address = ({ params }: Query) => `${stack.url}/rest/v1/shape_items?${new URLSearchParams(params)}`;
const init = ({ headers }: Query) => ({ headers: { apikey: key, authorization: `Bearer ${key}`, ...headers } });
const alone = async (query: Query): Promise<Seen> => seen(await fetch(address(query), init(query)));
const guarded = async (query: Query): Promise<Seen> => seen(await batching.guard.fetch(address(query), init(query)));

/** One after the other, as far from a batch as can be. */
async function allAlone(queries: Query[]): Promise<Seen[]> {
  const answers: Seen[] = [];
  for (const query of queries) answers.push(await alone(query));
  return answers;
}

async function assertAlike(queries: Query[]): Promise<void> {
  const expected = await allAlone(queries);
  const found = await Promise.all(queries.map(guarded));
  for (const [index, query] of queries.entries()) assert.deepEqual(found[index], expected[index], JSON.stringify(query));
}

describe("T10", () => {
  test("fifty reads that differ in one id are one request, each answered as alone", async () => {
    const ids = Array.from({ length: 50 }, (_, index) => index * 3);
    const queries = ids.map((id): Query => ({ params: [["select", "*"], ["id", `eq.${id}`]], headers: {} }));
    const expected = await allAlone(queries);
    batching.sent();
    const found = await Promise.all(queries.map(guarded));
    assert.deepEqual(found, expected);
    assert.equal(batching.sent().length, 1);
  });

  test("through supabase-js, single rows and lists", async () => {
    const options = { auth: { persistSession: false, autoRefreshToken: false }, ...REALTIME };
    const plain = createClient(stack.url, key, options);
    const guardedClient = createClient(stack.url, key, { ...options, global: { fetch: batching.guard.fetch } });
    const ids = Array.from({ length: 50 }, (_, index) => index + 1);
    const read = (client: typeof plain, id: number) => client.from("shape_items").select("slug,amount").eq("id", id).single();
    const expected: unknown[] = [];
    for (const id of ids) expected.push(await read(plain, id));
    batching.sent();
    assert.deepEqual(await Promise.all(ids.map((id) => read(guardedClient, id))), expected);
    assert.equal(batching.sent().length, 1);
  });
});

test("values that are hard to quote find their rows", async () => {
  for (const column of ["slug", "padded", "span", "amount", "single", "big", "at"]) {
    const values: Record<string, string[]> = {
      slug: ["alpha", "Alpha", "a,b", "(paren)", 'say "hi"', "back\\slash", "naïve", "日本", "x y", "null", "true", "5", "05", ""],
      padded: ["a", "ab", "abc", "a  "],
      span: ["1 day", "24:00:00", "02:00:00"],
      amount: ["1", "1.0", "2", "3.0"],
      single: ["16777216", "16777217", "16777218"],
      big: ["9007199254740993", "9007199254740994"],
      at: ["2026-01-01T00:01:00+00:00", "2026-01-01T01:01:00+01:00", "today"],
    };
    await assertAlike(
      (values[column] ?? []).map((value) => ({ params: [["select", `id,${column}`], [column, `eq.${value}`], ["order", "id"]], headers: {} })),
    );
  }
});

test("one value of the wrong kind fails alone", async () => {
  await assertAlike(["1", "2", "abc", "3"].map((id) => ({ params: [["id", `eq.${id}`]], headers: {} })));
});

test("a single row that is not there, or not single, fails as it does alone", async () => {
  const headers = { accept: "application/vnd.pgrst.object+json" };
  await assertAlike(["1", "2", "9999"].map((id) => ({ params: [["id", `eq.${id}`]], headers })));
  await assertAlike(["1", "2", "3"].map((grp) => ({ params: [["grp", `eq.${grp}`]], headers })));
});

test("batched answers are equal to unbatched ones over random queries", async () => {
  const random = seeded(20_261_127);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const columns: Record<string, () => string> = {
    id: () => String(Math.floor(random() * 140)),
    uid: () => `00000000-0000-4000-8000-${Math.floor(random() * 140).toString(16).padStart(12, "0")}`,
    word: () => `word${Math.floor(random() * 12)}`,
    slug: () => pick(["alpha", "Alpha", "a,b", 'say "hi"', "back\\slash", "naïve", "x y", "5", "nowhere"]),
    grp: () => String(Math.floor(random() * 9)),
    flag: () => pick(["true", "false"]),
    day: () => `2026-01-0${1 + Math.floor(random() * 8)}`,
    amount: () => String(Math.floor(random() * 10)),
  };
  const names = Object.keys(columns);
  let asked = 0;
  let sent = 0;
  for (let round = 0; round < 150; round += 1) {
    const column = pick(names);
    const select = pick([undefined, "*", "id", "slug,amount", `key:${column},id`, `${column}::text,id`, "id,parent(id,slug)", "*,parent(grp)"]);
    const shared: [string, string][] = [];
    if (select !== undefined) shared.push(["select", select]);
    if (random() < 0.3) shared.push(["grp", `lt.${Math.floor(random() * 7)}`]);
    if (random() < 0.1) shared.push(["limit", "2"]);
    shared.push(["order", pick(["id", "id.desc", "grp.desc,id"])]);
    const headers: Record<string, string> = {};
    if (random() < 0.3) headers["prefer"] = "count=exact";
    if (random() < 0.2) headers["accept"] = "application/vnd.pgrst.object+json";
    const size = 2 + Math.floor(random() * 9);
    const queries = Array.from({ length: size }, (): Query => ({
      params: random() < 0.5 ? [[column, `eq.${columns[column]?.()}`], ...shared] : [...shared, [column, `eq.${columns[column]?.()}`]],
      headers,
    }));
    batching.sent();
    await assertAlike(queries);
    asked += size;
    sent += batching.sent().length;
  }
  assert.ok(sent < asked * 0.7, `${sent} requests for ${asked} reads`);
});

test("inserts sent as one are written once, and a bad one fails alone", async () => {
  const { guard, sent } = counted({});
  const insert = (label: string, weight: number) =>
    guard.fetch(`${stack.url}/rest/v1/shape_notes`, {
      ...init({ params: [], headers: { "content-type": "application/json" } }),
      method: "POST",
      body: JSON.stringify({ label, weight }),
      seawall: { batch: true },
    } as RequestInit);
  const good = await Promise.all(["a", "b", "c"].map((label) => insert(label, 1)));
  assert.deepEqual(good.map(({ status }) => status), [201, 201, 201]);
  assert.equal(sent().length, 1);
  const mixed = await Promise.all([insert("d", 1), insert("a", 1), insert("e", -1), insert("f", 1)]);
  assert.deepEqual(mixed.map(({ status }) => status), [201, 409, 400, 201]);
  const notes = await fetch(`${stack.url}/rest/v1/shape_notes?select=label&order=label`, init({ params: [], headers: {} }));
  assert.deepEqual(await notes.json(), ["a", "b", "c", "d", "f"].map((label) => ({ label })));
  guard.close();
});

/** Mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
