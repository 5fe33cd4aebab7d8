/** Who a request is from, with the real supabase-js: one user's data is never another's. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AuthRetryableFetchError, createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type CallEvent, createGuard, createProtectedClient, type Guard, protect } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";
import { KEY, QUIET, REALTIME } from "./supabase.js";
import { session } from "./tokens.js";

const ONCE = { retry: { attempts: 1 } };

describe("a protected client", () => {
  let backend: Backend;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.close());

  function authorizations(): (string | undefined)[] {
    const data = backend.received.filter(({ url }) => !url.startsWith("/auth/"));
    return data.map(({ headers }) => headers.authorization);
  }

  async function signIn(supabase: SupabaseClient, user: string): Promise<string> {
    const given = session(user);
    backend.behave(json(200, given));
    await supabase.auth.signInWithPassword({ email: `${user}@example.test`, password: "x" });
    backend.behave(json(200, []));
    backend.received.length = 0;
    return `Bearer ${given.access_token}`;
  }

  /** Reads left to each user who has read. */
  function remaining(guard: Guard): number[] {
    const { limits } = guard.snapshot();
    return limits.flatMap(({ class: operation, endpoint, remaining: left }) => (endpoint && operation === "reads" ? [left] : []));
  }

  test("counts each user's calls for that user", async () => {
    const guard = createGuard({ ...ONCE, limits: { reads: { limit: 10 } } });
    const first = protect(createClient(backend.url, KEY, QUIET), guard);
    const second = protect(createClient(backend.url, KEY, QUIET), guard);
    backend.behave(json(200, []));
    await first.from("messages").select();
    const one = await signIn(first, "user-1");
    const two = await signIn(second, "user-2");
    await first.from("messages").select();
    await second.from("messages").select();
    await second.from("messages").select();
    assert.deepEqual(authorizations(), [one, two, two]);
    assert.deepEqual(remaining(guard).sort(), [8, 9, 9]);
    guard.close();
  });

  test("asks for the token once a request", async () => {
    const supabase = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE });
    await signIn(supabase, "user-1");
    let asked = 0;
    const auth = supabase.auth as { getSession: () => Promise<unknown> };
    const getSession = auth.getSession.bind(auth);
    auth.getSession = () => {
      asked += 1;
      return getSession();
    };
    await supabase.from("messages").select();
    await supabase.rpc("add", { a: 1 });
    await supabase.storage.from("files").list();
    await supabase.functions.invoke("greet");
    assert.equal(backend.received.length, 4);
    assert.equal(asked, 4);
    supabase.guard.close();
  });

  test("does not ask for the token while the circuit is open", async () => {
    const supabase = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE });
    await signIn(supabase, "user-1");
    (supabase.auth as { getSession: () => Promise<unknown> }).getSession = () => new Promise(() => {});
    supabase.guard.breakers.get("rest")?.forceOpen();
    const { error } = await supabase.from("messages").select();
    assert.equal(error?.code, "circuit_open");
    supabase.guard.close();
  });

  test("shares one read among callers of one user", async () => {
    const guard = createGuard(ONCE);
    const first = protect(createClient(backend.url, KEY, QUIET), guard);
    await signIn(first, "user-1");
    const results = await Promise.all([first, first, first].map((client) => client.from("messages").select().then()));
    assert.deepEqual(results.map(({ error }) => error), [null, null, null]);
    assert.equal(backend.received.length, 1);
    guard.close();
  });

  test("keeps a header its caller sets", async () => {
    const supabase = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE });
    await signIn(supabase, "user-1");
    await supabase.from("messages").select().setHeader("Authorization", "Bearer own");
    assert.deepEqual(authorizations(), ["Bearer own"]);
    supabase.guard.close();
  });

  test("sends as the user who is there when it is sent", async () => {
    const supabase = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE });
    await signIn(supabase, "user-1");
    const auth = supabase.auth as { getSession: () => Promise<unknown> };
    const getSession = auth.getSession.bind(auth);
    let switched: string | undefined;
    auth.getSession = async () => {
      auth.getSession = getSession;
      switched = await signIn(supabase, "user-2");
      return getSession();
    };
    const { error } = await supabase.from("messages").select();
    assert.equal(error, null);
    assert.deepEqual(authorizations(), [switched]);
    supabase.guard.close();
  });

  test("does not repeat one user's call as another's", async () => {
    const supabase = createProtectedClient(backend.url, KEY, {
      ...QUIET,
      retry: { attempts: 3, baseDelay: 1, maxDelay: 2 },
    });
    const first = await signIn(supabase, "user-1");
    let answers = 0;
    backend.behave((received, response) => {
      answers += 1;
      if (received.url.startsWith("/auth/")) return json(200, session("user-2"))(received, response);
      void supabase.auth
        .signInWithPassword({ email: "user-2@example.test", password: "x" })
        .then(() => json(503, { message: "busy" })(received, response));
    });
    const { error } = await supabase.from("messages").select();
    assert.equal(error?.code, "user_changed");
    assert.deepEqual(authorizations(), [first]);
    assert.equal(answers, 2);
    supabase.guard.close();
  });

  test("knows its user from the stored session while the token cannot be refreshed", async () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    const expired = session("user-1", -60);
    kept.set("sb-test", JSON.stringify(expired));
    const refused = json(400, { code: "refresh_token_not_found", message: "Invalid Refresh Token" });
    let endRefresh = (): void => {};
    const refreshing = new Promise<void>((resolve) => {
      backend.behave((received, response) => {
        endRefresh = () => refused(received, response);
        resolve();
      });
    });
    const supabase = createProtectedClient(backend.url, KEY, {
      ...REALTIME,
      ...ONCE,
      auth: { storage, storageKey: "sb-test", autoRefreshToken: false },
    });
    const left = new Promise<void>((resolve) => supabase.guard.on("user", ({ state }) => state === "left" && resolve()));
    supabase.guard.breakers.get("rest")?.forceOpen();
    // A refresh hangs, and the session with it: the guard need not wait for either.
    const { error } = await supabase.from("messages").select();
    assert.equal(error?.code, "circuit_open");
    await refreshing;
    endRefresh();
    await left;
    supabase.guard.close();
  });

  test("whose token cannot be refreshed is still signed in: their calls fail like any without a way to the server", async () => {
    const supabase = createProtectedClient(backend.url, KEY, { ...QUIET, ...ONCE, cache: { ttl: 1, staleTtl: 1 }, offline: true });
    await signIn(supabase, "user-1");
    const left: string[] = [];
    supabase.guard.on("user", ({ state }) => left.push(state));
    backend.behave(json(200, [{ id: 1 }]));
    await supabase.from("rooms").select();
    backend.received.length = 0;
    // What supabase-js says when it has tried for half a minute.
    supabase.auth.getSession = async () => ({ data: { session: null }, error: new AuthRetryableFetchError("busy", 503) });
    const { error } = await supabase.from("messages").select();
    assert.equal(error?.code, "network");
    // What is kept is given, and what is written waits: nothing of it was sent, so it need not be repeatable.
    const kept = await supabase.from("rooms").select();
    assert.deepEqual([kept.error, kept.data], [null, [{ id: 1 }]]);
    const written = await supabase.from("messages").insert({ text: "hello" });
    assert.deepEqual([written.status, written.error], [202, null]);
    assert.deepEqual([backend.received.length, left], [0, []]);
    supabase.guard.close();
  });

  test("a token of the application's own is asked for, and names the user", async () => {
    let user = "user-1";
    let asked = 0;
    const accessToken = async (): Promise<string> => {
      asked += 1;
      return session(user).access_token;
    };
    const supabase = protect(
      createClient(backend.url, KEY, { ...REALTIME, accessToken }),
      { ...ONCE, limits: { reads: { limit: 10 } } },
    );
    backend.behave(json(200, []));
    backend.received.length = 0;
    asked = 0;
    await supabase.from("messages").select();
    user = "user-2";
    await supabase.from("messages").select();
    await supabase.from("messages").select();
    const users = authorizations().map((text) => JSON.parse(Buffer.from(text?.split(".")[1] ?? "", "base64url").toString()).sub);
    assert.deepEqual(users, ["user-1", "user-2", "user-2"]);
    assert.equal(asked, 3);
    assert.deepEqual(remaining(supabase.guard).sort(), [8, 9]);
    supabase.guard.close();
  });

  test("who signs out, or gives way to another, has left", async () => {
    const guard = createGuard(ONCE);
    const states: string[] = [];
    guard.on("user", ({ state }) => states.push(state));
    const supabase = protect(createClient(backend.url, KEY, QUIET), guard);
    await signIn(supabase, "user-1");
    backend.behave(json(200, session("user-1", 7_200)));
    assert.equal((await supabase.auth.refreshSession()).error, null);
    assert.deepEqual(states, ["arrived"]);
    await signIn(supabase, "user-2");
    assert.deepEqual(states, ["arrived", "left", "arrived"]);
    backend.behave(json(500, { message: "broken" }));
    await supabase.auth.signOut();
    assert.equal(states.length, 3, "a failed sign-out leaves the session");
    backend.behave((_received, response) => response.writeHead(204).end());
    await supabase.auth.signOut({ scope: "others" });
    assert.equal(states.length, 3, "this session goes on");
    await supabase.auth.signOut();
    assert.deepEqual([...new Set(states.slice(3))], ["left"]);
    guard.close();
  });

  test("a session that never becomes known ends at the limit, and is told", async () => {
    const storage = { getItem: () => new Promise<null>(() => {}), setItem: () => {}, removeItem: () => {} };
    const supabase = createProtectedClient(backend.url, KEY, {
      ...REALTIME,
      ...ONCE,
      timeout: 60,
      auth: { storage, autoRefreshToken: false },
    });
    const calls: CallEvent[] = [];
    supabase.guard.on("call", (call) => calls.push(call));
    const { error } = await supabase.from("messages").select();
    assert.equal(error?.code, "timeout");
    assert.deepEqual(calls.map(({ category, attempts }) => [category, attempts]), [["timeout", 0]]);
    const waiting = supabase.from("messages").select().then();
    await new Promise((resolve) => setTimeout(resolve, 5));
    supabase.guard.close();
    assert.equal((await waiting).error?.code, "closed");
  });
});

describe("a bare guard.fetch", () => {
  const fetch = async (input: RequestInfo | URL): Promise<Response> =>
    String(input).includes("/logout") ? new Response(null, { status: 204 }) : Response.json([]);

  test("hears of a sign-out on its way to the auth service", async () => {
    const guard = createGuard(ONCE, { fetch });
    const states: string[] = [];
    guard.on("user", ({ state }) => states.push(state));
    const init = { method: "POST", headers: { Authorization: `Bearer ${session("user-1").access_token}` } };
    await guard.fetch("http://x.example.test/auth/v1/logout?scope=others", init);
    assert.deepEqual(states, []);
    await guard.fetch("http://x.example.test/auth/v1/logout?scope=global", init);
    assert.deepEqual(states, ["left"]);
    guard.close();
  });

  test("shares nothing where anybody may be calling, until it is told who is", async () => {
    let sent = 0;
    const guard = createGuard(ONCE, { fetch });
    const own = guard.wrap(async () => {
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return Response.json([]);
    });
    const twice = () => Promise.all([1, 2].map(() => own("http://x.example.test/rest/v1/t")));
    await twice();
    assert.equal(sent, 2);
    guard.identify("user-1");
    await twice();
    assert.equal(sent, 3);
    guard.close();
  });

  test("shares nothing that may carry cookies", async () => {
    let sent = 0;
    const answer = async (): Promise<Response> => {
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      return Response.json([]);
    };
    const guard = createGuard(ONCE, { fetch: answer, origin: () => "https://app.example.test" });
    const twice = (url: string, init?: RequestInit) => Promise.all([1, 2].map(() => guard.fetch(url, init)));
    await twice("https://app.example.test/rest/v1/t");
    await twice("https://x.example.test/rest/v1/t", { credentials: "include" });
    assert.equal(sent, 4);
    await twice("https://app.example.test/rest/v1/t", { credentials: "omit" });
    await twice("https://x.example.test/rest/v1/t");
    assert.equal(sent, 6);
    guard.close();
  });

  test("is told who calls where requests do not say it", async () => {
    const guard = createGuard({ ...ONCE, limits: { reads: { limit: 10 } } }, { fetch });
    const states: string[] = [];
    guard.on("user", ({ state }) => states.push(state));
    await guard.fetch("http://x.example.test/rest/v1/t");
    guard.identify("user-1");
    guard.identify("user-1");
    await guard.fetch("http://x.example.test/rest/v1/t");
    guard.identify(null);
    assert.deepEqual(states, ["arrived", "left"]);
    assert.equal(guard.snapshot().limits.filter(({ remaining }) => remaining === 9).length, 2);
    guard.close();
  });
});
