/** Queries without supabase-js ask for what postgrest-js asks for, and answer as it does. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createGuard, type Guard } from "seawall";

import { type Backend, json, type Received, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

let backend: Backend;
let guard: Guard;
let supabase: SupabaseClient;

before(async () => {
  backend = await startBackend(json(200, [{ id: 1 }], { "content-range": "0-0/1" }));
  guard = createGuard({ url: backend.url, key: KEY, storage: "memory", limits: { writes: { limit: 1_000 } } });
  supabase = createClient(backend.url, KEY, QUIET);
});

after(async () => {
  guard.close();
  await backend.close();
});

/** What a request says, but for the order of its parameters and preferences. */
function said({ method, url, headers, body }: Received): unknown {
  const [path = "", query = ""] = url.split("?");
  const sorted = (text: string | string[] | undefined) => String(text ?? "").split(",").map((one) => one.trim()).sort();
  return {
    method,
    path,
    query: [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).sort(),
    // Saying nothing is asking for JSON.
    accept: headers.accept === "*/*" ? "application/json" : headers.accept,
    prefer: sorted(headers.prefer),
    profile: headers["accept-profile"] ?? headers["content-profile"] ?? "public",
    apikey: headers.apikey,
    authorization: headers.authorization,
    body: body.length === 0 ? "" : (JSON.parse(body.toString()) as unknown),
  };
}


// The two builders have no type in common; each line is run on both.
// biome-ignore lint: the chains are written once for two builders.
type Both = any;

const CASES: Record<string, (client: Both) => PromiseLike<unknown>> = {
  select: (client) => client.from("t").select(),
  "some columns": (client) => client.from("t").select("id, name , other ( a, b )"),
  "a count": (client) => client.from("t").select("*", { count: "exact" }),
  "a count alone": (client) => client.from("t").select("*", { count: "exact", head: true }),
  comparisons: (client) => client.from("t").select().eq("a", 1).neq("b", "x y").gt("c", 2).gte("d", 3).lt("e", 4).lte("f", 5),
  patterns: (client) => client.from("t").select().like("a", "%x%").ilike("b", "y_%"),
  "is and in": (client) => client.from("t").select().is("a", null).is("b", true).in("c", [1, 2, 2]).in("d", ["x", "y,z", "(w)"]),
  containment: (client) => client.from("t").select().contains("a", ["x", "y"]).contains("b", { c: 1 }).containedBy("d", [1]).overlaps("e", "[1,2)"),
  "not and or": (client) => client.from("t").select().not("a", "is", null).or("b.eq.1,c.gt.2").or("d.eq.1", { referencedTable: "other" }),
  "match and filter": (client) => client.from("t").select().match({ a: 1, b: "x" }).filter("c", "cs", "{1}"),
  "full text": (client) => client.from("t").select().textSearch("a", "fat & rat").textSearch("b", "cat", { type: "websearch", config: "english" }),
  order: (client) => client.from("t").select().order("a").order("b", { ascending: false, nullsFirst: true }).order("c", { referencedTable: "other" }),
  pages: (client) => client.from("t").select().range(10, 19).limit(3, { referencedTable: "other" }),
  single: (client) => client.from("t").select().eq("id", 1).single(),
  insert: (client) => client.from("t").insert({ a: 1, b: "é" }),
  "insert many": (client) => client.from("t").insert([{ a: 1 }, { a: 2, b: 3 }], { defaultToNull: false }),
  "insert and show": (client) => client.from("t").insert({ a: 1 }).select("id"),
  upsert: (client) => client.from("t").upsert({ a: 1 }, { onConflict: "a", ignoreDuplicates: true }),
  update: (client) => client.from("t").update({ a: 1 }, { count: "exact" }).eq("id", 1).select(),
  delete: (client) => client.from("t").delete().eq("id", 1),
  rpc: (client) => client.rpc("f", { a: 1, b: ["x"] }),
  "rpc by GET": (client) => client.rpc("f", { a: 1, b: ["x", "y"] }, { get: true }),
  "another schema": (client) => client.schema("personal").from("t").select(),
};

for (const [name, ask] of Object.entries(CASES)) {
  test(`${name}: the same request as postgrest-js's`, async () => {
    backend.received.length = 0;
    const theirs = (await ask(supabase)) as { data: unknown; error: unknown; count: unknown; status: number };
    const ours = (await ask(guard)) as typeof theirs;
    const [expected, found] = backend.received;
    assert.ok(expected && found && backend.received.length === 2);
    assert.deepEqual(said(found), said(expected));
    const seen = ({ data, error, count, status }: typeof theirs) => ({ data, error, count, status });
    assert.deepEqual(seen(ours), seen(theirs));
  });
}

test("an error arrives as one, and a refusal with the time to wait", async () => {
  backend.behave(json(400, { code: "22P02", message: "invalid input", details: null, hint: null }));
  const { error } = await guard.from("t").select().eq("id", "x");
  assert.equal(error?.code, "22P02");
  guard.breakers.get("rest")?.forceOpen();
  const refused = await guard.from("t").select();
  assert.equal(refused.error?.code, "circuit_open");
  guard.breakers.get("rest")?.reset();
});

test("a query without the project's address says what is missing", () => {
  const bare = createGuard({ storage: "memory" });
  assert.throws(() => bare.from("t"), { code: "invalid_option", option: "url" });
  bare.close();
});

test("the token of whoever is signed in is asked for each time", async () => {
  backend.behave(json(200, []));
  backend.received.length = 0;
  let token = "one";
  const signedIn = createGuard({ url: backend.url, key: KEY, storage: "memory", accessToken: async () => token });
  await signedIn.from("t").select();
  token = "two";
  await signedIn.from("t").select();
  assert.deepEqual(backend.received.map(({ headers }) => headers.authorization), ["Bearer one", "Bearer two"]);
  signedIn.close();
});
