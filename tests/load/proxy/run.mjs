// Proxy mode beside nginx, Envoy and a Node stack: the same upstream, the same load, one worker each, in rounds, so that
// whatever else the machine does falls on all alike. What counts is processor time per request, read of the
// processes themselves; requests per second say how busy the machine was.

import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { performance } from "node:perf_hooks";

import { SECRET, startPeers } from "./peers.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const SPAN_MS = Number(process.env.BENCH_SPAN_MS ?? 5_000);
const CONNECTIONS = [1, 32];
const PATH = "/rest/v1/rooms?select=id,name";
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]).toString());

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const body = `${part({ alg: "HS256", typ: "JWT", kid: "bench" })}.${part({ role: "authenticated", sub: "bench", iss: "bench", exp: 4e9 })}`;
const TOKEN = `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;

/** Processor seconds of processes, their children included where they have any. */
function processorSeconds(pids) {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

function residentMib(pids) {
  return pids.reduce((sum, pid) => {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    return sum + Number(kib) / 1024;
  }, 0);
}

function once(port, agent) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}`, apikey: "bench", "x-client-info": "bench", accept: "application/json" };
    const sent = request({ host: "127.0.0.1", port, path: PATH, agent, headers }, (response) => {
      let bytes = 0;
      response.on("data", (chunk) => (bytes += chunk.length));
      response.on("end", () => {
        if (response.statusCode === 200 && bytes > 0) resolve();
        else reject(new Error(`${port} answered ${response.statusCode}`));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function load(port, connections, spanMs) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies = [];
  const until = performance.now() + spanMs;
  const caller = async () => {
    while (performance.now() < until) {
      const started = performance.now();
      await once(port, agent);
      latencies.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  agent.destroy();
  latencies.sort((one, other) => one - other);
  return latencies;
}

const median = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
const at = (sorted, share) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN) * 1000;

const { peers, stop } = await startPeers(TOKEN);
const runs = [];
try {
  for (const peer of peers) await load(peer.port, 8, Math.min(1_000, SPAN_MS));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const connections of CONNECTIONS) {
      for (const peer of peers) {
        const before = processorSeconds(peer.pids());
        const latencies = await load(peer.port, connections, SPAN_MS);
        const used = processorSeconds(peer.pids()) - before;
        runs.push({
          peer: peer.name,
          does: peer.does,
          connections,
          round,
          requests: latencies.length,
          requests_per_second: latencies.length / (SPAN_MS / 1000),
          cpu_us_per_request: (used * 1e6) / latencies.length,
          p50_us: at(latencies, 0.5),
          p99_us: at(latencies, 0.99),
          resident_mib: residentMib(peer.pids()),
        });
      }
    }
  }
} finally {
  await stop();
}

const summaries = [];
for (const connections of CONNECTIONS) {
  for (const { name, does } of peers) {
    const own = runs.filter((run) => run.peer === name && run.connections === connections);
    const of = (field) => median(own.map((run) => run[field]));
    const fields = ["cpu_us_per_request", "p50_us", "p99_us", "requests_per_second", "resident_mib"];
    summaries.push({ peer: name, does, connections, ...Object.fromEntries(fields.map((field) => [field, of(field)])) });
  }
}
const beside = (connections, name) => summaries.find((row) => row.connections === connections && row.peer === name);
console.log(`median of ${ROUNDS} rounds of ${SPAN_MS / 1000} s; P3: at most 22 µs, at most 2 × nginx, at most Envoy / 1.5`);
console.log(["peer".padEnd(9), "conn", "CPU µs/req", "× seawall", "p50 µs", "p99 µs", "req/s", "MiB", "what it does"].join("  "));
for (const row of summaries) {
  const own = beside(row.connections, "seawall").cpu_us_per_request;
  console.log(
    [
      row.peer.padEnd(9),
      String(row.connections).padStart(4),
      row.cpu_us_per_request.toFixed(1).padStart(10),
      (row.cpu_us_per_request / own).toFixed(2).padStart(9),
      row.p50_us.toFixed(0).padStart(6),
      row.p99_us.toFixed(0).padStart(6),
      row.requests_per_second.toFixed(0).padStart(6),
      row.resident_mib.toFixed(1).padStart(6),
      row.does,
    ].join("  "),
  );
}
const targets = [];
const atMost = (what, seen, bound, unit) => targets.push({ what, seen, wanted: `at most ${bound}`, unit, holds: seen <= bound });
for (const connections of CONNECTIONS) {
  const own = beside(connections, "seawall").cpu_us_per_request;
  const named = (name) => beside(connections, name)?.cpu_us_per_request;
  atMost(`proxy: CPU of a request, ${connections} connections`, own, 22, "µs");
  if (named("nginx")) atMost(`proxy: CPU beside nginx, ${connections} connections`, own / named("nginx"), 2, "×");
  if (named("envoy")) atMost(`proxy: CPU beside Envoy, ${connections} connections`, own / named("envoy"), 0.67, "×");
}
if (process.env.BENCH_JSON) {
  writeFileSync(process.env.BENCH_JSON, JSON.stringify({ rounds: ROUNDS, span_ms: SPAN_MS, summaries, runs, targets }, null, 2));
  console.log(`as JSON: ${process.env.BENCH_JSON}`);
}
