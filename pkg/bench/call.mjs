/** What it costs to send one call through a guard that lets it pass: of a function that does nothing, of a fetch. */

import { QueryClient } from "@tanstack/query-core";
import { circuitBreaker, ConsecutiveBreaker, ExponentialBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap } from "cockatiel";
import ky from "ky";
import CircuitBreaker from "opossum";
import PQueue from "p-queue";
import { createGuard } from "seawall/guard";

import { interleaved } from "./rounds.mjs";

const URL_READ = "https://project.example.test/rest/v1/messages?select=id&id=eq.1";
const DEADLINE_MS = 10_000;

/** No call of these rounds is over the limit, but each is counted. */
const OPTIONS = { storage: "memory", limits: { reads: { limit: 10_000, window: 1 } } };

export async function run({ rounds, calls }) {
  const nothing = async () => {};
  const rows = JSON.stringify([{ id: 1, text: "a row as it comes" }]);
  const headers = { "content-type": "application/json" };
  const sent = async () => new Response(rows, { headers });

  const alike = await interleaved([...ran("a call that does nothing", nothing), ...peers("a call that does nothing", nothing)], { rounds, calls });
  const fetched = await interleaved(
    [...seawall("a read over a fake fetch, as text", sent, (response) => response.text()), ...fetchers("a read over a fake fetch, as text", sent)],
    { rounds, calls: Math.ceil(calls / 4) },
  );
  return [...alike, ...fetched];
}

function seawall(name, fetch, read = (response) => response) {
  const guard = createGuard(OPTIONS, { fetch });
  return [
    { name, peer: "bare", call: async () => read(await fetch(URL_READ)) },
    { name, peer: "seawall", call: async () => read(await guard.fetch(URL_READ)) },
  ];
}

/** The guard around a function, without and with a signal to end it. */
function ran(name, work) {
  const guard = createGuard(OPTIONS);
  const withSignal = async (signal) => void signal;
  return [
    { name, peer: "bare", call: work },
    { name, peer: "seawall", call: () => guard.run("rest", work) },
    { name, peer: "seawall with a signal", call: () => guard.run("rest", withSignal) },
  ];
}

/** Peers around a function; what each is made of stands in its name. */
function peers(name, work) {
  const breaker = () => circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) });
  const breakerAlone = breaker();
  const full = policies(breaker());
  const opossum = new CircuitBreaker(work, { timeout: DEADLINE_MS });
  const queue = new PQueue({ concurrency: 10 });
  const client = new QueryClient();
  return [
    { name, peer: "cockatiel breaker", call: () => breakerAlone.execute(work) },
    { name, peer: "cockatiel retry+breaker+timeout", calls: 4_000, call: () => full.execute(work) },
    { name, peer: "opossum", call: () => opossum.fire() },
    { name, peer: "p-queue", call: () => queue.add(work) },
    {
      name,
      peer: "TanStack fetchQuery",
      calls: 4_000,
      call: () => client.fetchQuery({ queryKey: ["nothing"], queryFn: async () => 1, staleTime: 0 }),
    },
  ];
}

function policies(breaker) {
  const again = retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() });
  return wrap(again, breaker, timeout(DEADLINE_MS, TimeoutStrategy.Cooperative));
}

/** The same peers, and ky, around a fetch whose body is read. */
function fetchers(name, fetch) {
  const full = policies(circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) }));
  const read = async () => (await fetch(URL_READ)).text();
  const opossum = new CircuitBreaker(read, { timeout: DEADLINE_MS });
  const queue = new PQueue({ concurrency: 10 });
  const client = new QueryClient();
  const kyed = ky.create({ fetch, timeout: DEADLINE_MS });
  return [
    { name, peer: "cockatiel retry+breaker+timeout", calls: 2_000, call: () => full.execute(read) },
    { name, peer: "opossum", call: () => opossum.fire() },
    { name, peer: "p-queue", call: () => queue.add(read) },
    { name, peer: "TanStack fetchQuery", calls: 2_000, call: () => client.fetchQuery({ queryKey: ["rows"], queryFn: read, staleTime: 0 }) },
    { name, peer: "ky", calls: 2_000, call: () => kyed.get(URL_READ).text() },
  ];
}
