/** Refreshing a session in many tabs at once, with the real supabase-js: one request, one answer, no storms. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createGuard, type Environment, type Guard, type GuardOptions, protect } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";
import { KEY, REALTIME } from "./supabase.js";
import { createTabs, type Tabs } from "./tabs.js";
import { session } from "./tokens.js";

interface OpenTab {
  supabase: SupabaseClient;
  guard: Guard;
}

describe("refreshing a session", () => {
  let backend: Backend;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.close());

  const refreshes = (): number => backend.received.filter(({ url }) => url.includes("grant_type=refresh_token")).length;

  /** A tab that finds a session which has just expired. */
  function openTab(tabs: Tabs, options: GuardOptions = {}, environment: Partial<Environment> = {}): OpenTab {
    const tab = tabs.open();
    const kept = tab.storage() as NonNullable<ReturnType<typeof tab.storage>>;
    const guard = createGuard(options, { ...tab, ...environment });
    const auth = { storage: kept, storageKey: "sb-test", autoRefreshToken: false };
    return { guard, supabase: protect(createClient(backend.url, KEY, { ...REALTIME, auth }), guard) };
  }

  function expired(): Tabs {
    const tabs = createTabs();
    tabs.kept.set("sb-test", JSON.stringify(session("user-1", -60)));
    backend.received.length = 0;
    return tabs;
  }

  test("ten tabs send one refresh, and each has the fresh session", async () => {
    const tabs = expired();
    const fresh = session("user-1");
    backend.behave((received, response) => {
      const answer = received.url.startsWith("/auth/") ? fresh : [];
      setTimeout(() => json(200, answer)(received, response), 20);
    });
    const open = Array.from({ length: 10 }, () => openTab(tabs));
    const results = await Promise.all(open.map(({ supabase }) => supabase.from("messages").select().then()));
    assert.deepEqual(results.map(({ error }) => error), Array(10).fill(null));
    assert.equal(refreshes(), 1);
    const reads = backend.received.filter(({ url }) => url.startsWith("/rest/"));
    assert.deepEqual([...new Set(reads.map(({ headers }) => headers.authorization))], [`Bearer ${fresh.access_token}`]);
    for (const { guard } of open) guard.close();
  });

  test("a tab that came too late to hear the answer is told it again", async () => {
    const tabs = expired();
    backend.behave(json(200, session("user-1")));
    const old = tabs.kept.get("sb-test") ?? "";
    const first = openTab(tabs);
    assert.equal((await first.supabase.auth.getSession()).error, null);
    // The storage it read was older than the refresh.
    tabs.kept.set("sb-test", old);
    const late = openTab(tabs);
    assert.equal((await late.supabase.auth.getSession()).data.session?.user.id, "user-1");
    assert.equal(refreshes(), 1);
    for (const { guard } of [first, late]) guard.close();
  });

  test("a 429 keeps every tab away for minutes and signs nobody out", async () => {
    const tabs = expired();
    backend.behave((received, response) => {
      const isAuth = received.url.startsWith("/auth/");
      const body = { code: "over_request_rate_limit", message: "Request rate limit reached" };
      (isAuth ? json(429, body, { "retry-after": "120" }) : json(200, []))(received, response);
    });
    let wall = Date.now();
    const clock = { wallNow: () => wall };
    const refused: number[] = [];
    const open = Array.from({ length: 3 }, () => openTab(tabs, {}, clock));
    const { now } = Date;
    open.forEach(({ guard }) =>
      guard.on("refusal", ({ retryAfter = 0 }) => {
        refused.push(retryAfter);
        // auth-js asks again for half a minute, by its own clock.
        Date.now = () => now() + 31_000 * refused.length;
      }),
    );
    for (const { supabase } of open) {
      const { error } = await quietly(() => supabase.auth.refreshSession());
      assert.equal(error?.name, "AuthRetryableFetchError");
    }
    Date.now = now;
    assert.equal(refreshes(), 1);
    assert.ok(tabs.kept.has("sb-test"), "the session is still there");
    assert.ok(refused.every((left) => left > 110_000 && left <= 120_000), String(refused));
    wall += 121_000;
    backend.behave(json(200, session("user-1")));
    const later = openTab(tabs, {}, clock);
    assert.equal((await later.supabase.auth.refreshSession()).error, null);
    assert.equal(refreshes(), 2);
    assert.equal([...tabs.kept.keys()].filter((key) => key.startsWith("seawall:refresh:")).length, 0);
    for (const { guard } of [...open, later]) guard.close();
  });

  test("a bare caller gets a 429 as it is, and the pause all the same", async () => {
    const tabs = expired();
    backend.behave(json(429, { code: "over_request_rate_limit" }));
    const guard = createGuard({}, tabs.open());
    const ask = () =>
      guard.fetch(`${backend.url}/auth/v1/token?grant_type=refresh_token`, {
        method: "POST",
        body: JSON.stringify({ refresh_token: "r1" }),
      });
    assert.equal((await ask()).status, 429);
    await assert.rejects(ask(), { code: "rate_limited" });
    assert.equal(refreshes(), 1);
    guard.close();
  });

  test("a tab that holds the lock and never comes back is waited for only so long", async () => {
    const tabs = expired();
    backend.behave(json(200, session("user-1")));
    const frozen = { exclusively: () => new Promise<never>(() => {}) };
    const { guard, supabase } = openTab(tabs, { refresh: { patience: 40 } }, frozen);
    const { error } = await supabase.auth.refreshSession();
    assert.equal(error, null);
    assert.equal(refreshes(), 1);
    guard.close();
  });

  test("a guard that closes leaves nobody waiting for another tab's refresh", async () => {
    const tabs = expired();
    const guard = createGuard({}, { ...tabs.open(), exclusively: () => new Promise(() => {}) });
    const body = JSON.stringify({ refresh_token: "refresh-user-1" });
    const waiting = guard.fetch(`${backend.url}/auth/v1/token?grant_type=refresh_token`, { method: "POST", body });
    const ended = assert.rejects(waiting, { code: "closed" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    guard.close();
    await ended;
  });

  test("what is no message of another tab is ignored, and what no storage holds is no pause", async () => {
    const tabs = expired();
    const line = tabs.open().channel("seawall:refresh");
    tabs.kept.set(`seawall:refresh:${backend.url}`, "1 99999999999999999999 1");
    backend.behave((received, response) => {
      for (const noise of [null, 7, {}, { kind: "answer", key: "x", answer: { status: 99 } }]) line?.post(noise);
      json(200, session("user-1"))(received, response);
    });
    const { guard, supabase } = openTab(tabs);
    assert.equal((await supabase.auth.refreshSession()).error, null);
    guard.close();
  });

  test("a refused refresh token is refused for all tabs at once", async () => {
    const tabs = expired();
    backend.behave((received, response) => {
      setTimeout(() => json(400, { code: "refresh_token_not_found", message: "Invalid Refresh Token" })(received, response), 10);
    });
    const open = Array.from({ length: 5 }, () => openTab(tabs));
    const sessions = await quietly(() => Promise.all(open.map(({ supabase }) => supabase.auth.getSession())));
    assert.deepEqual(sessions.map(({ data }) => data.session), Array(5).fill(null));
    assert.equal(refreshes(), 1);
    for (const { guard } of open) guard.close();
  });

  test("a lost connection is told to those who wait, and not repeated by the guard", async () => {
    const tabs = expired();
    backend.behave((_received, response) => void setTimeout(() => response.socket?.destroy(), 10));
    const guards = [createGuard({}, tabs.open()), createGuard({}, tabs.open())];
    const init = { method: "POST", body: JSON.stringify({ refresh_token: "r1" }) };
    const calls = guards.map((guard) => guard.fetch(`${backend.url}/auth/v1/token?grant_type=refresh_token`, init));
    const ends = await Promise.allSettled(calls);
    assert.deepEqual(ends.map((end) => end.status === "rejected" && end.reason.code), ["network", "network"]);
    assert.equal(refreshes(), 1);
    for (const guard of guards) guard.close();
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
