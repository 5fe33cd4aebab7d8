/** Batches on their way to a real server: bounded, told apart, and not lost with their page. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createProtectedClient } from "seawall";
import { createGuard, type Environment, type Guard, type MetricsBatch, type MetricsOptions } from "seawall/guard";

import { type Backend, json, startBackend } from "./backend.js";
import { QUIET } from "./supabase.js";
import { createWorld, settled, type World } from "./world.js";

interface Page {
  readonly guard: Guard;
  readonly world: World;
  /** Calls the listeners that hear of the page being hidden. */
  hide(): void;
}

function open(metrics: MetricsOptions, kept = new Map<string, string>()): Page {
  const world = createWorld(kept);
  const listeners = new Set<(leaving: boolean) => void>();
  const onHide: Environment["onHide"] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const guard = createGuard({ metrics, retry: { attempts: 1 } }, { ...world, onHide });
  return { guard, world, hide: () => [...listeners].forEach((listener) => listener(false)) };
}

async function call(guard: Guard, backend: Backend): Promise<void> {
  await (await guard.fetch(`${backend.url}/rest/v1/rooms`)).text();
}

/** Lets requests over a real socket come and go. */
async function sockets(until: () => boolean = () => false): Promise<void> {
  for (let turn = 0; turn < 100 && !until(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await settled();
}

const batchesAt = (ingest: Backend): MetricsBatch[] => ingest.received.map(({ body }) => JSON.parse(String(body)) as MetricsBatch);

async function servers(run: (backend: Backend, ingest: Backend) => Promise<void>): Promise<void> {
  const [backend, ingest] = await Promise.all([startBackend(), startBackend(json(202, {}))]);
  await run(backend, ingest).finally(() => Promise.all([backend.close(), ingest.close()]));
}

describe("sending metrics", () => {
  test("a batch holds what came since the last one, and nothing is sent when nothing came", () =>
    servers(async (backend, ingest) => {
      const { guard, world } = open({ send: `${ingest.url}/ingest`, headers: { apikey: "k" }, interval: 10_000 });
      await guard.metrics.snapshot();
      await call(guard, backend);
      await call(guard, backend);
      await world.advance(10_000);
      await sockets(() => ingest.received.length === 1);
      await world.advance(30_000);
      await call(guard, backend);
      await world.advance(10_000);
      await sockets(() => ingest.received.length === 2);
      const batches = batchesAt(ingest);
      assert.deepEqual(batches.map(({ sequence }) => sequence), [0, 1]);
      assert.deepEqual(batches.map(({ endpoints }) => endpoints[0]?.calls), [2, 1]);
      assert.equal(batches[0]?.page, batches[1]?.page);
      assert.equal(batches[0]?.to, batches[1]?.from);
      assert.equal(ingest.received[0]?.headers["apikey"], "k");
      assert.equal(ingest.received[0]?.headers["content-type"], "application/json");
      assert.equal(guard.snapshot().calls.total, 3, "metrics are no calls");
      guard.close();
    }));

  test("a server that is away gets the same batches later, in order", () =>
    servers(async (backend, ingest) => {
      ingest.behave(json(503, {}));
      const { guard, world } = open({ send: ingest.url, interval: 1_000 });
      await guard.metrics.snapshot();
      for (let turn = 0; turn < 3; turn += 1) {
        await call(guard, backend);
        await world.advance(1_000);
        await sockets(() => ingest.received.length > turn);
      }
      assert.deepEqual(batchesAt(ingest).map(({ sequence }) => sequence), [0, 0, 0]);
      ingest.behave(json(202, {}));
      await guard.metrics.flush();
      assert.deepEqual(batchesAt(ingest).slice(3).map(({ sequence }) => sequence), [0, 1, 2]);
      const { sending } = await guard.metrics.snapshot();
      assert.deepEqual(sending, { unsent: 0, sent: 3, dropped: 0 });
      guard.close();
    }));

  test("tries and batches are bounded, and what is given up is counted and told", () =>
    servers(async (backend, ingest) => {
      ingest.behave(json(503, {}));
      const { guard } = open({ send: ingest.url });
      for (let turn = 0; turn < 40; turn += 1) {
        await call(guard, backend);
        await guard.metrics.flush();
      }
      const { sending } = await guard.metrics.snapshot();
      assert.ok(sending.unsent <= 20, JSON.stringify(sending));
      assert.equal(sending.unsent + sending.dropped, 40);
      ingest.behave(json(202, {}));
      await guard.metrics.flush();
      await call(guard, backend);
      await guard.metrics.flush();
      assert.equal(batchesAt(ingest).at(-1)?.dropped, sending.dropped);
      guard.close();
    }));

  test("what a server refuses for good is not sent again", () =>
    servers(async (backend, ingest) => {
      ingest.behave(json(400, {}));
      const { guard } = open({ send: ingest.url });
      await call(guard, backend);
      await guard.metrics.flush();
      await guard.metrics.flush();
      assert.equal(ingest.received.length, 1);
      assert.equal((await guard.metrics.snapshot()).sending.dropped, 1);
      guard.close();
    }));

  test("a page that goes leaves its last batch to the next one", () =>
    servers(async (backend, ingest) => {
      const kept = new Map<string, string>();
      ingest.behave(json(503, {}));
      const first = open({ send: ingest.url }, kept);
      await call(first.guard, backend);
      await first.guard.metrics.snapshot();
      first.hide();
      await sockets(() => ingest.received.length === 1);
      assert.match(kept.get("seawall:metrics:unsent") ?? "", /rooms/);

      ingest.behave(json(202, {}));
      const second = open({ send: ingest.url }, kept);
      await second.guard.metrics.flush();
      const [tried, arrived] = batchesAt(ingest);
      assert.deepEqual(arrived, tried, "the same batch under the same name");
      assert.equal(ingest.received.length, 2);
      assert.equal(kept.has("seawall:metrics:unsent"), false);
      first.guard.close();
      second.guard.close();
    }));

  test("a page that only was hidden takes back what nobody took", () =>
    servers(async (backend, ingest) => {
      ingest.behave(json(503, {}));
      const { guard, hide } = open({ send: ingest.url });
      await call(guard, backend);
      await guard.metrics.snapshot();
      hide();
      await sockets(() => ingest.received.length === 1);
      ingest.behave(json(202, {}));
      await guard.metrics.flush();
      assert.equal(ingest.received.length, 2);
      assert.deepEqual((await guard.metrics.snapshot()).sending, { unsent: 0, sent: 1, dropped: 0 });
      await guard.metrics.flush();
      assert.equal(ingest.received.length, 2);
      guard.close();
    }));

  test("what somebody else left in storage is ignored, whatever it is", () =>
    servers(async (backend, ingest) => {
      const hostile = ["{]", "7", '[{"address":1}]', '[null,{"address":"x","batch":{"version":1}}]', `[${"9,".repeat(60_000)}9]`];
      for (const text of hostile) {
        const { guard } = open({ send: ingest.url }, new Map([["seawall:metrics:unsent", text]]));
        await guard.metrics.flush();
        guard.close();
      }
      assert.equal(ingest.received.length, 0);
      const { guard } = open({ send: ingest.url }, new Map([["seawall:metrics:unsent", "{]"]]));
      await call(guard, backend);
      await guard.metrics.flush();
      assert.equal(ingest.received.length, 1);
      guard.close();
    }));

  test("a function takes batches as well", () =>
    servers(async (backend) => {
      const taken: MetricsBatch[] = [];
      const { guard } = open({ send: (batch) => taken.push(batch) });
      await call(guard, backend);
      await guard.metrics.flush();
      assert.equal(taken[0]?.endpoints[0]?.endpoint, "/rest/v1/rooms");
      guard.close();
    }));

  test("a table gets a row for each endpoint by the protected client, whose insert is nobody's call", () =>
    servers(async (backend) => {
      const client = createProtectedClient(backend.url, "key", { ...QUIET, metrics: { table: "client_metrics" } });
      await client.from("rooms").select();
      await client.guard.metrics.flush();
      await client.guard.metrics.flush();
      const inserts = backend.received.filter(({ url }) => url.startsWith("/rest/v1/client_metrics"));
      assert.equal(inserts.length, 1, "the insert made no batch of its own");
      const [row] = JSON.parse(String(inserts[0]?.body)) as Record<string, unknown>[];
      assert.equal(row?.["endpoint"], "/rest/v1/rooms");
      assert.equal(row?.["calls"], 1);
      assert.equal(row?.["sequence"], 0);

      backend.behave(json(409, { code: "23505", message: "duplicate key" }));
      await client.from("rooms").select();
      await client.guard.metrics.flush();
      assert.equal((await client.guard.metrics.snapshot()).sending.dropped, 0, "a duplicate has arrived before");
      client.guard.close();
    }));
});
