/** Failures as supabase-js gives them, told apart and put into words. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { SupabaseClient } from "@supabase/supabase-js";
import { createGuard, createProtectedClient, type Explanation, type FailureEvent, type Guard } from "seawall";
import { ENGLISH, explain } from "seawall/messages";

import { type Backend, deadAddress, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

const ONCE = { retry: { attempts: 1 } };

describe("explain", () => {
  let backend: Backend;
  let supabase: SupabaseClient & { guard: Guard };
  before(async () => {
    backend = await startBackend();
    supabase = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE });
  });
  after(async () => {
    supabase.guard.close();
    await backend.close();
  });

  const database = (status: number, code: string, headers = {}) =>
    backend.behave(json(status, { code, message: `said ${code}`, details: "a secret row", hint: null }, headers));

  test("an error of the database, with where it came from", async () => {
    database(409, "23505", { "x-request-id": "req-1" });
    const { error } = await supabase.from("messages").insert({ id: 1 });
    const { original, context, ...told } = await supabase.guard.explain(error);
    assert.deepEqual(told, {
      category: "conflict",
      code: "23505",
      retryable: false,
      retryAfter: undefined,
      message: "This exists already.",
    });
    assert.equal(original, error);
    const { elapsed = -1, ...where } = context;
    assert.ok(elapsed >= 0);
    assert.deepEqual(where, {
      service: "rest",
      class: "writes",
      endpoint: "/rest/v1/messages",
      method: "POST",
      attempts: 1,
      status: 409,
      requestId: "req-1",
    });
  });

  const codes: [number, string, string, boolean][] = [
    [500, "40001", "database_transient", true],
    [500, "P0002", "database_permanent", false],
    [403, "42501", "permission", false],
    [401, "PGRST301", "auth", false],
    [406, "PGRST116", "not_found", false],
    [504, "PGRST003", "database_transient", true],
    [400, "22P02", "validation", false],
  ];
  for (const [status, code, category, retryable] of codes) {
    test(`${status} with ${code}, as an error and as a whole result`, async () => {
      database(status, code);
      const guard = createGuard();
      const result = await supabase.from("messages").select();
      for (const failure of [result.error, result]) {
        const told = await guard.explain(failure);
        assert.deepEqual([told.category, told.code, told.retryable], [category, code, retryable]);
        assert.ok(told.message.length > 10);
      }
      guard.close();
    });
  }

  test("the guard's refusal through supabase-js, with the time to wait", async () => {
    supabase.guard.breakers.get("rest")?.forceOpen();
    const { error } = await supabase.from("messages").select();
    supabase.guard.breakers.get("rest")?.reset();
    const told = await explain({ ...error, retryAfter: 12_400 });
    assert.deepEqual([told.category, told.code, told.retryable], ["circuit_open", "circuit_open", true]);
    assert.match(told.message, /Please try again in 13 seconds\.$/);
    assert.equal(told.context.endpoint, "/rest/v1/messages");
    assert.equal((await explain(error)).message.includes("{wait}"), false);
  });

  test("a lost network through supabase-js, through a guard, and bare", async () => {
    const url = await deadAddress();
    const lost = createProtectedClient(url, KEY, { ...QUIET, ...ONCE });
    const { error } = await lost.from("messages").select();
    const thrown = await lost.guard.fetch(`${url}/rest/v1/t`).catch((reason: unknown) => reason);
    const bare = await fetch(url).catch((reason: unknown) => reason);
    for (const failure of [error, thrown, bare]) {
      const told = await lost.guard.explain(failure);
      assert.deepEqual([told.category, told.retryable, told.message], ["network", true, ENGLISH.network]);
    }
    lost.guard.close();
  });

  test("the auth service's errors", async () => {
    backend.behave(json(400, { code: "invalid_credentials", message: "Invalid login credentials" }, { "x-supabase-api-version": "2024-01-01" }));
    const { error } = await supabase.auth.signInWithPassword({ email: "a@example.test", password: "x" });
    const told = await supabase.guard.explain(error);
    assert.deepEqual([told.category, told.code], ["auth", "invalid_credentials"]);
    assert.equal(told.message, "The email address or the password is wrong.");
    assert.equal(told.context.endpoint, "/auth/v1/token");
    supabase.guard.breakers.get("auth")?.forceOpen();
    const refused = await quietly(() => supabase.auth.signInWithPassword({ email: "a@example.test", password: "x" }));
    supabase.guard.breakers.get("auth")?.reset();
    assert.equal((await supabase.guard.explain(refused.error)).category, "circuit_open");
    const { error: missing } = await supabase.auth.getUser();
    assert.equal((await supabase.guard.explain(missing)).category, "auth");
  });

  test("storage's and functions' errors", async () => {
    backend.behave(json(400, { statusCode: "404", error: "NoSuchKey", code: "NoSuchKey", message: "Object not found" }));
    const download = await supabase.storage.from("files").download("a.txt");
    assert.equal((await supabase.guard.explain(download.error)).category, "not_found");
    backend.behave(json(413, { statusCode: "EntityTooLarge", error: "Payload too large", message: "too large" }));
    const list = await supabase.storage.from("files").list();
    const large = await supabase.guard.explain(list.error);
    assert.deepEqual([large.category, large.message], ["validation", "This file is too large."]);
    supabase.guard.breakers.get("storage")?.forceOpen();
    const refused = await supabase.storage.from("files").list();
    supabase.guard.breakers.get("storage")?.reset();
    assert.equal((await supabase.guard.explain(refused.error)).category, "circuit_open");
    backend.behave(json(503, { code: "BOOT_ERROR", message: "Function failed to start" }));
    const invoked = await supabase.functions.invoke("greet");
    const boot = await supabase.guard.explain(invoked.error);
    assert.deepEqual([boot.category, boot.code], ["server", "BOOT_ERROR"]);
  });

  test("responses, aborts, and what nobody understands", async () => {
    const busy = Response.json({ code: "57P03" }, { status: 503, headers: { "retry-after": "7" } });
    const told = await explain(busy);
    assert.deepEqual([told.category, told.retryable, told.retryAfter], ["database_transient", true, 7_000]);
    assert.deepEqual(await busy.json(), { code: "57P03" }, "the body is still the caller's");
    assert.equal((await explain(new Response("", { status: 404 }))).category, "not_found");
    assert.equal((await explain(new DOMException("stop", "AbortError"))).category, "aborted");
    assert.equal((await explain(new DOMException("late", "TimeoutError"))).category, "timeout");
    for (const strange of [undefined, null, 7, "text", {}, [], new Error("?")]) {
      const { category, message, original } = await explain(strange);
      assert.deepEqual([category, message], ["server", ENGLISH.server]);
      assert.equal(original, strange);
    }
  });

  test("sentences are replaced by code and by category, and asked for each time", async () => {
    let language = "de";
    const german = { "23505": "Das gibt es schon.", conflict: "Das passt nicht zusammen.", not_found: "Das gibt es nicht." };
    const guard = createGuard({ messages: () => (language === "de" ? german : {}) });
    const said = async (code: string): Promise<string> => (await guard.explain({ code, message: "?" })).message;
    assert.equal(await said("23505"), "Das gibt es schon.");
    assert.equal(await said("23503"), "Das passt nicht zusammen.", "rather the reader's language than the better sentence");
    assert.equal(await said("PGRST116"), "Das gibt es nicht.");
    language = "en";
    assert.equal(await said("23505"), "This exists already.");
    guard.close();
  });

  test("onError and the event tell all of a failure but tokens and bodies", async () => {
    const explained: Explanation[] = [];
    const events: FailureEvent[] = [];
    const watched = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE, onError: (one) => explained.push(one) });
    watched.guard.on("failure", (event) => events.push(event));
    database(409, "23505", { "sb-request-id": "req-2" });
    await watched.from("messages").insert({ id: 1, text: "a private text" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(explained.length, 1);
    assert.deepEqual([explained[0]?.category, explained[0]?.context.requestId], ["conflict", "req-2"]);
    assert.equal(events[0]?.code, "23505");
    const logged = JSON.stringify([explained, events]);
    for (const secret of [KEY, "private text", "secret row", "said 23505"]) assert.ok(!logged.includes(secret), secret);
    watched.guard.close();
  });
});

/** auth-js writes what it catches to the console. */
async function quietly<T>(run: () => Promise<T>): Promise<T> {
  const { error } = console;
  console.error = () => {};
  try {
    return await run();
  } finally {
    console.error = error;
  }
}
