/** Queued writes in a process: nothing is stored here, so the outbox ends with it and says so. Real HTTP. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";
import { createGuard, type Guard, type GuardEvent, type GuardOptions, NotQueuedError } from "seawall/guard";

import { type Backend, hangUp, inTurn, json, startBackend } from "./backend.js";
import { KEY, QUIET } from "./supabase.js";

let backend: Backend;
let guards: Guard[] = [];
let network: { up: boolean; listeners: Set<() => void> };

beforeEach(async () => {
  backend = await startBackend(json(201, []));
  network = { up: true, listeners: new Set() };
  guards = [];
});

afterEach(async () => {
  for (const guard of guards) guard.close();
  await backend.close();
});

function makeGuard(offline: GuardOptions["offline"] = true, options: GuardOptions = {}): Guard {
  const guard = createGuard(
    { offline, retry: { attempts: 1 }, ...options },
    {
      online: () => network.up,
      onOnline: (listener) => {
        network.listeners.add(listener);
        return () => network.listeners.delete(listener);
      },
    },
  );
  guards.push(guard);
  return guard;
}

function connect(): void {
  network.up = true;
  for (const listener of network.listeners) listener();
}

function client(guard: Guard) {
  return createClient(backend.url, KEY, {
    ...QUIET,
    global: { fetch: guard.fetch },
  });
}

function next(guard: Guard, state: string): Promise<Extract<GuardEvent, { type: "offline" }>> {
  return new Promise((resolve) => {
    const stop = guard.on("offline", (event) => {
      if (event.state !== state) return;
      stop();
      resolve(event);
    });
  });
}

const bodies = (): unknown[] => backend.received.map(({ body }) => JSON.parse(body.toString() || "null"));

describe("without a network", () => {
  test("a write is accepted, kept, and sent once when the network returns", async () => {
    const guard = makeGuard();
    network.up = false;
    const { error, status, data } = await client(guard).from("messages").insert({ body: "ahoy" });
    assert.deepEqual({ error, status, data }, { error: null, status: 202, data: null });
    assert.equal(backend.received.length, 0);
    assert.deepEqual((await guard.offline.list()).map(({ state, method }) => ({ state, method })), [{ state: "queued", method: "POST" }]);

    const replayed = next(guard, "replayed");
    connect();
    await replayed;
    assert.deepEqual(bodies(), [{ body: "ahoy" }]);
    assert.deepEqual(await guard.offline.list(), []);
  });

  test("what was asked to be returned is what was sent", async () => {
    const guard = makeGuard({ tables: { messages: {} } });
    network.up = false;
    const { data, error } = await client(guard).from("messages").insert({ body: "ahoy" }).select().single();
    assert.equal(error, null);
    assert.match(data.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    assert.equal(data.body, "ahoy");
  });

  test("writes to one table keep their order, and later ones stay behind although the network is back", async () => {
    const guard = makeGuard();
    const supabase = client(guard);
    network.up = false;
    await supabase.from("messages").insert({ body: "1" });
    await supabase.from("messages").update({ body: "2" }).eq("id", 7);
    network.up = true;
    const behind = await supabase.from("messages").delete().eq("id", 7);
    assert.equal(behind.status, 202);
    await guard.offline.replay();
    assert.deepEqual(backend.received.map(({ method }) => method), ["POST", "PATCH", "DELETE"]);
  });

  test("reads, unmarked functions and calls that say so are not queued", async () => {
    const guard = makeGuard();
    const supabase = client(guard);
    network.up = false;
    backend.behave(hangUp);
    assert.equal((await supabase.from("messages").select()).error?.code, "offline");
    assert.equal((await supabase.rpc("post", { body: "x" })).error?.code, "offline");
    const now = await supabase.from("messages").insert({ body: "x" }).setHeader("x-seawall", "offline=false");
    assert.equal(now.error?.code, "offline");
    const marked = await supabase.rpc("post", { body: "x" }).setHeader("x-seawall", "idempotent");
    assert.equal(marked.status, 202);
    assert.equal((await guard.offline.list()).length, 1);
  });

  test("a stream is refused by name, and nothing of it is kept", async () => {
    const guard = makeGuard();
    network.up = false;
    const body = new ReadableStream({ start: (controller) => controller.close() });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    await assert.rejects(guard.fetch(`${backend.url}/rest/v1/messages`, init), (error) => {
      return error instanceof NotQueuedError && error.category === "offline" && /stream/.test(error.message);
    });
    assert.deepEqual(await guard.offline.list(), []);
  });

  test("a full outbox refuses the next write and keeps what it has", async () => {
    const guard = makeGuard({ maxWrites: 2 });
    const supabase = client(guard);
    network.up = false;
    await supabase.from("messages").insert({ body: "1" });
    await supabase.from("messages").insert({ body: "2" });
    const { error } = await supabase.from("messages").insert({ body: "3" });
    assert.equal(error?.code, "not_queued");
    assert.match(error?.message ?? "", /full/);
    connect();
    await guard.offline.replay();
    assert.deepEqual(bodies(), [{ body: "1" }, { body: "2" }]);
  });
});

describe("an answer that is lost", () => {
  test("a keyed insert goes out again in a form that does nothing the second time", async () => {
    const guard = makeGuard({ tables: { messages: { key: "id" } }, grace: 0, baseDelay: 1 });
    backend.behave(inTurn(hangUp, json(201, null)));
    const { status } = await client(guard).from("messages").insert([{ body: "a" }, { body: "b" }]);
    assert.equal(status, 202);
    await next(guard, "replayed");
    const [first, second] = backend.received;
    assert.deepEqual(JSON.parse(String(second?.body)), JSON.parse(String(first?.body)), "the same keys");
    assert.match(first?.url ?? "", /columns=%22body%22%2C%22id%22/);
    assert.match(second?.url ?? "", /on_conflict=id/);
    assert.match(String(second?.headers["prefer"]), /resolution=ignore-duplicates/);
  });

  test("a collision with itself is no collision: what is there is what was sent", async () => {
    const guard = makeGuard({ tables: { messages: {} } });
    network.up = false;
    await client(guard).from("messages").insert({ id: "7", body: "mine" });
    // A browser has sent it twice on its own; the second one finds the first.
    backend.behave((received, response) => {
      if (received.method === "GET") json(200, [{ id: "7", body: "mine", created_at: "now" }])(received, response);
      else json(409, { code: "23505", message: "duplicate key" })(received, response);
    });
    const replayed = next(guard, "replayed");
    connect();
    await replayed;
    assert.match(decodeURIComponent(backend.received[1]?.url ?? ""), /\?select=\*&id=in\.\("7"\)$/);
    assert.deepEqual(await guard.offline.list(), []);
  });

  test("a plain insert is not queued when it may have arrived", async () => {
    const guard = makeGuard();
    backend.behave(hangUp);
    const { error } = await client(guard).from("messages").insert({ body: "a" });
    assert.equal(error?.code, "network");
    assert.deepEqual(await guard.offline.list(), []);
  });

  test("a queued plain insert whose answer is lost is set aside as unknown and told", async () => {
    const told: unknown[] = [];
    const guard = makeGuard({ onFailure: ({ reason }) => told.push(reason) });
    network.up = false;
    await client(guard).from("messages").insert({ body: "a" });
    backend.behave(hangUp);
    const setAside = next(guard, "setAside");
    connect();
    assert.equal((await setAside).reason, "unknown");
    assert.deepEqual(told, ["unknown"]);
    assert.equal(backend.received.length, 1);
    const [write] = await guard.offline.list();
    assert.equal(write?.state, "setAside");
    backend.behave(json(201, null));
    assert.equal(await guard.offline.retry(write?.id ?? 0), true);
    await guard.offline.replay();
    assert.deepEqual(await guard.offline.list(), []);
  });
});

describe("a refusal", () => {
  test("sets one write aside, and other tables go on", async () => {
    const guard = makeGuard();
    const supabase = client(guard);
    network.up = false;
    await supabase.from("poison").insert({ body: "x" });
    await supabase.from("messages").insert({ body: "y" });
    backend.behave((received, response) => {
      const refuses = received.url.includes("poison");
      json(refuses ? 403 : 201, { code: "42501", message: "denied" })(received, response);
    });
    connect();
    await next(guard, "replayed");
    const [left] = await guard.offline.list();
    assert.deepEqual({ reason: left?.reason, state: left?.state }, { reason: "refused", state: "setAside" });
    assert.equal(await guard.offline.discard(left?.id ?? 0), true);
  });

  for (const [resolution, requests, left] of [["serverWins", 1, 0], ["clientWins", 2, 0], ["setAside", 1, 1]] as const) {
    test(`a conflict goes by what the page decides: ${resolution}`, async () => {
      const asked: (string | undefined)[] = [];
      const guard = makeGuard({
        onConflict: async (_write, failure) => {
          asked.push(failure.code);
          return resolution;
        },
      });
      network.up = false;
      await client(guard).from("messages").insert({ id: 1, body: "mine" });
      backend.behave((received, response) => {
        const forced = String(received.headers["prefer"]).includes("merge-duplicates");
        json(forced ? 201 : 409, forced ? [] : { code: "23505", message: "duplicate key" })(received, response);
      });
      const ended = next(guard, { serverWins: "dropped", clientWins: "replayed", setAside: "setAside" }[resolution]);
      connect();
      await ended;
      assert.deepEqual(asked, ["23505"]);
      assert.equal(backend.received.length, requests);
      assert.equal((await guard.offline.list()).length, left);
    });
  }
});

describe("whose write it is", () => {
  const token = (subject: string): string =>
    ["e30", Buffer.from(JSON.stringify({ sub: subject })).toString("base64url"), "signature"].join(".");

  test("a write waits for the user who made it, and carries a token of the day", async () => {
    let current = token("ann");
    const guard = makeGuard({ token: () => current });
    const post = (body: string, bearer: string): Promise<Response> =>
      guard.fetch(`${backend.url}/rest/v1/messages`, {
        method: "POST",
        body: JSON.stringify({ body }),
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      });
    network.up = false;
    await post("hers", current);
    guard.close();

    // Another page, another user: the outbox of a process is gone with it, so this one queues anew.
    const other = makeGuard({ token: () => current });
    network.up = false;
    const response = await other.fetch(`${backend.url}/rest/v1/messages`, {
      method: "POST",
      body: JSON.stringify({ body: "hers" }),
      headers: { authorization: `Bearer ${current}`, "content-type": "application/json" },
    });
    assert.equal(response.status, 202);
    assert.match(response.headers.get("x-seawall-offline") ?? "", /^queued; id=1; fleeting$/);
    current = `${token("ann")}2`;
    connect();
    await other.offline.replay();
    assert.equal(backend.received[0]?.headers.authorization, `Bearer ${current}`);
  });
});

describe("what was not asked for", () => {
  test("a guard without the option queues nothing and says so", async () => {
    const guard = createGuard();
    guards.push(guard);
    await assert.rejects(guard.offline.list(), /offline is not among the options/);
  });

  test("impossible options are refused by name", () => {
    assert.throws(() => createGuard({ offline: { tries: 0 } }), /offline\.tries/);
    assert.throws(() => createGuard({ offline: { tables: { messages: 7 } } as never }), /offline\.tables/);
    assert.throws(() => createGuard({ offline: { onConflict: "no" } as never }), /offline\.onConflict/);
  });
});
