/** Every part of supabase-js through the guard: what is sent, what comes back, which breaker watches. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type CallEvent, createGuard, createProtectedClient, type Guard, protect } from "seawall";

import { type Backend, hangUp, json, startBackend, text } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

const ONCE = { retry: { attempts: 1 } };

const ways: [string, (url: string) => { supabase: SupabaseClient; guard: Guard }][] = [
  [
    "global.fetch",
    (url) => {
      const guard = createGuard(ONCE);
      return { guard, supabase: createClient(url, KEY, { ...QUIET, global: { fetch: guard.fetch } }) };
    },
  ],
  [
    "protect",
    (url) => {
      const supabase = protect(createClient(url, KEY, QUIET), ONCE);
      return { guard: supabase.guard, supabase };
    },
  ],
  [
    "createProtectedClient",
    (url) => {
      const supabase = createProtectedClient(url, KEY, { ...QUIET, ...ONCE });
      return { guard: supabase.guard, supabase };
    },
  ],
];

for (const [name, connect] of ways) {
  describe(`every service through ${name}`, () => {
    let backend: Backend;
    let supabase: SupabaseClient;
    let guard: Guard;
    let calls: CallEvent[] = [];
    before(async () => {
      backend = await startBackend();
      ({ supabase, guard } = connect(backend.url));
      guard.on("call", (call) => calls.push(call));
    });
    after(async () => {
      guard.close();
      await backend.close();
    });

    async function seen(run: () => PromiseLike<unknown>): Promise<[string, string, string]> {
      calls = [];
      await run();
      assert.equal(calls.length, 1, "one call, guarded once");
      const [call] = calls;
      assert.ok(call);
      return [call.service, call.class, call.endpoint];
    }

    test("rest", async () => {
      backend.behave(json(200, [{ id: 1 }]));
      const read = () => supabase.from("messages").select("id").eq("id", 1);
      assert.deepEqual(await seen(read), ["rest", "reads", "/rest/v1/messages"]);
      assert.equal(backend.received.at(-1)?.url, "/rest/v1/messages?select=id&id=eq.1");
      assert.equal(backend.received.at(-1)?.headers.apikey, KEY);
      assert.equal(backend.received.at(-1)?.headers.authorization, `Bearer ${KEY}`);
      const write = () => supabase.schema("other").from("messages").insert({ id: 2 });
      assert.deepEqual(await seen(write), ["rest", "writes", "/rest/v1/messages"]);
      assert.equal(backend.received.at(-1)?.headers["content-profile"], "other");
    });

    test("rpc", async () => {
      backend.behave(json(200, 3));
      const run = () => supabase.rpc("add", { a: 1, b: 2 });
      assert.deepEqual(await seen(run), ["rpc", "rpc", "/rest/v1/rpc/add"]);
      assert.equal((await run()).data, 3);
    });

    test("auth: signing in, and failing to", async () => {
      const session = {
        access_token: jwt("user-1"),
        token_type: "bearer",
        expires_in: 3600,
        refresh_token: "refresh",
        user: { id: "user-1", email: "owner@example.test", app_metadata: {}, user_metadata: {}, aud: "authenticated" },
      };
      backend.behave(json(200, session));
      const signIn = () => supabase.auth.signInWithPassword({ email: "owner@example.test", password: "x" });
      assert.deepEqual(await seen(signIn), ["auth", "auth", "/auth/v1/token"]);
      backend.behave(json(200, []));
      await supabase.from("messages").select();
      assert.equal(backend.received.at(-1)?.headers.authorization, `Bearer ${session.access_token}`);
      backend.behave(json(400, { code: 400, error_code: "invalid_credentials", msg: "Invalid login credentials" }));
      const { error } = await signIn();
      assert.equal(error?.code, "invalid_credentials");
      assert.equal(calls.at(-1)?.category, "auth");
      assert.equal(guard.breakers.get("auth")?.state, "closed");
    });

    test("storage: upload and download", async () => {
      backend.behave(json(200, { Key: "files/a.txt", Id: "1" }));
      const files = supabase.storage.from("files");
      const upload = () => files.upload("a.txt", new Blob(["contents"]), { contentType: "text/plain" });
      assert.deepEqual(await seen(upload), ["storage", "writes", "/storage/v1/object/files"]);
      assert.match(backend.received.at(-1)?.body.toString() ?? "", /contents/);
      backend.behave(text(200, "downloaded"));
      assert.equal(await (await files.download("a.txt")).data?.text(), "downloaded");
    });

    test("functions: invoke, answer and failure", async () => {
      backend.behave(json(200, { hello: "world" }));
      const run = () => supabase.functions.invoke("greet", { body: { name: "world" } });
      assert.deepEqual(await seen(run), ["functions", "rpc", "/functions/v1/greet"]);
      assert.deepEqual((await run()).data, { hello: "world" });
      backend.behave(json(418, { why: "teapot" }));
      const { error } = await run();
      assert.equal(error?.context.status, 418);
      assert.deepEqual(await error?.context.json(), { why: "teapot" });
    });

    test("refusals arrive as each part gives its errors", async () => {
      for (const breaker of guard.breakers) breaker.forceOpen();
      const rest = await supabase.from("messages").select();
      assert.equal(rest.error?.code, "circuit_open");
      const rpc = await supabase.rpc("add", {});
      assert.equal(rpc.error?.code, "circuit_open");
      const storage = await supabase.storage.from("files").download("a.txt");
      assert.match(storage.error?.message ?? "", /circuit for storage is open/);
      const functions = await supabase.functions.invoke("greet");
      assert.equal(functions.error?.context.code, "circuit_open");
      const auth = await quietly(() => supabase.auth.signInWithPassword({ email: "a@example.test", password: "x" }));
      assert.match(auth.error?.message ?? "", /circuit for auth is open/);
      assert.equal(auth.error?.name, "AuthRetryableFetchError");
      for (const breaker of guard.breakers) breaker.reset();
    });
  });
}

test("protecting twice, or a client whose fetch is the guard's, guards each call once", async () => {
  const backend = await startBackend(hangUp);
  const guard = createGuard(ONCE);
  const client = createClient(backend.url, KEY, { ...QUIET, global: { fetch: guard.fetch } });
  const once = protect(client, guard);
  const twice = protect(once);
  assert.equal(twice, client);
  assert.equal(twice.guard, guard);
  let calls = 0;
  guard.on("call", () => (calls += 1));
  await twice.from("messages").select();
  assert.equal(calls, 1);
  assert.equal(guard.snapshot().breakers.find(({ key }) => key === "rest")?.failures, 1);
  guard.close();
  await backend.close();
});

test("what is not a supabase-js client is refused by name", () => {
  assert.throws(() => protect({}), { name: "OptionError", option: "client" });
});

/** auth-js writes what it catches to the console. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const original = console.error;
  console.error = () => {};
  try {
    return await run();
  } finally {
    console.error = original;
  }
}

function jwt(sub: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part({ sub, exp: 4_000_000_000 })}.signature`;
}
