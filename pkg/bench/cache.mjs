/** Reads from a cache and writes into one that is full already, in a page with IndexedDB. */

import { QueryClient } from "@tanstack/query-core";
import { experimental_createQueryPersister, persistQueryClientSave } from "@tanstack/query-persist-client-core";
import { createStore, get, set, setMany } from "idb-keyval";
import { createGuard } from "seawall/guard";

import { longestBlock } from "./blocking.mjs";
import { interleaved, median } from "./rounds.mjs";

const MEMORY = "a cached read from memory";
const DISK = "a cached read from IndexedDB";
const WRITE = "a cache write with 5,000 entries";

export async function run({ rounds, calls, entries }) {
  const all = [await seawall(entries), await tanstack(entries), await tanstackByEntry(entries)];
  const reads = { rounds, calls: Math.ceil(calls / 20), unit: "ms" };
  const disk = { rounds, calls: Math.ceil(calls / 200), unit: "ms" };
  return [
    ...(await interleaved(cases(all, MEMORY, "fromMemory"), reads)),
    ...(await interleaved(cases(all, DISK, "fromDisk"), disk)),
    ...(await blocks(all, rounds)),
  ];
}

function cases(all, name, method) {
  return all.filter((one) => one[method]).map((one) => ({ name, peer: one.peer, call: (index) => one[method](index) }));
}

async function blocks(all, rounds) {
  const measured = all.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { write }] of all.entries()) measured[index].push(await longestBlock(() => write(round)));
  }
  return all.map(({ peer }, index) => ({ name: `${WRITE}, longest block`, peer, value: median(measured[index]), unit: "ms" }));
}

function row(index) {
  return [{ id: index, text: `message ${index}, of a length that messages have`, at: "2026-01-01T00:00:00Z", author: { name: "someone" } }];
}

/** Whole guarded calls, body read and parsed. The server is left out: it answers at once, and only to be stored. */
async function seawall(entries) {
  const roomy = { ttl: 3_600_000, maxEntries: 2 * entries };
  const limits = { reads: { limit: 10_000 } };
  const fetch = async (url) => {
    const index = Number(new URL(url).searchParams.get("id").slice(3));
    return new Response(JSON.stringify(row(index)), { headers: { "content-type": "application/json" } });
  };
  const guard = createGuard({ cache: { ...roomy, memoryEntries: 2 * entries }, limits }, { fetch });
  // With next to nothing in memory every read of another row is one from IndexedDB.
  const cold = createGuard({ cache: { ...roomy, memoryEntries: 1 }, limits }, { fetch });
  const url = (index) => `https://project.example/rest/v1/messages?select=*&id=eq.${index % entries}`;
  const read = async (by, index, init) => (await by.fetch(url(index), init)).json();
  for (let index = 0; index < entries; index += 1) await read(guard, index);
  await stored(guard, entries);
  return {
    peer: "seawall",
    fromMemory: (index) => read(guard, index),
    fromDisk: (index) => read(cold, index),
    write: (round) => read(guard, round, { seawall: { cache: "reload" } }),
  };
}

/** Until the writes behind the caller's back are done; a disk that was slow once was left out of it. */
async function stored(guard, entries) {
  for (;;) {
    const { length } = await guard.cache.entries();
    if (length >= 0.99 * entries) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** As its guide has it: the whole cache in one blob, written anew at each change (here without the throttle). */
async function tanstack(entries) {
  const store = createStore("tanstack-blob", "queries");
  const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity, staleTime: Infinity } } });
  for (let index = 0; index < entries; index += 1) client.setQueryData(["messages", index], row(index));
  const persister = {
    persistClient: (state) => set("client", JSON.stringify(state), store),
    restoreClient: async () => JSON.parse((await get("client", store)) ?? "null"),
    removeClient: () => set("client", undefined, store),
  };
  return {
    peer: "TanStack + persister (one blob)",
    fromMemory: (index) => client.fetchQuery({ queryKey: ["messages", index % entries], queryFn: refuse }),
    async write(round) {
      client.setQueryData(["messages", round % entries], row(round));
      await persistQueryClientSave({ queryClient: client, persister });
    },
  };
}

/** Its newer way: a blob for each query. */
async function tanstackByEntry(entries) {
  const store = createStore("tanstack-entries", "queries");
  const storage = { getItem: (key) => get(key, store), setItem: (key, value) => set(key, value, store), removeItem: async () => {} };
  const { persisterFn, persistQueryByKey } = experimental_createQueryPersister({ storage });
  const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity, staleTime: Infinity } } });
  const stored = [];
  for (let index = 0; index < entries; index += 1) {
    client.setQueryData(["messages", index], row(index));
    const { state, queryKey, queryHash } = client.getQueryCache().find({ queryKey: ["messages", index] });
    stored.push([`tanstack-query-${queryHash}`, JSON.stringify({ state, queryKey, queryHash, buster: "" })]);
  }
  await setMany(stored, store);
  return {
    peer: "TanStack + persister (by query)",
    fromDisk(index) {
      // A client of its own has nothing in memory.
      const fresh = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
      return fresh.fetchQuery({ queryKey: ["messages", index % entries], queryFn: refuse, persister: persisterFn });
    },
    async write(round) {
      client.setQueryData(["messages", round % entries], row(round));
      await persistQueryByKey(["messages", round % entries], client);
    },
  };
}

function refuse() {
  throw new Error("it is in the cache");
}
