/**
 * `npm run bench:sdk`: the package beside its peers, in one run; a table for people and JSON for machines.
 *
 * `--quick` makes few rounds, to see that everything still runs; its figures mean nothing. `--json PATH` says where
 * the JSON goes (`dist/bench.json` otherwise).
 */

import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { run as measureCalls } from "./call.mjs";
import { runInChromium } from "./chromium.mjs";
import { run as weigh } from "./sizes.mjs";
import { judged } from "./targets.mjs";

const words = process.argv.slice(2);
const quick = words.includes("--quick");
const json = words.includes("--json")
  ? resolve(words[words.indexOf("--json") + 1])
  : join(dirname(dirname(fileURLToPath(import.meta.url))), "dist/bench.json");
const options = quick ? { rounds: 1, calls: 20, entries: 50 } : { rounds: 11, calls: 20_000, entries: 5_000 };

const placed = (place) => (row) => ({ place, ...row });
const rows = [
  ...(await measureCalls(options)).map(placed("node")),
  ...(await runInChromium(["call.mjs", "cache.mjs"], options)).map(placed("chromium")),
  ...(await weigh()).map(placed("wire")),
];
const targets = judged(rows);

printRows();
printTargets();
await writeFile(json, `${JSON.stringify({ at: new Date().toISOString(), machine: machine(), quick, rows, targets }, null, 2)}\n`);
console.log(`\n${json}`);
// opossum's timers would keep the process for as long as it keeps its statistics.
process.exit();

function printRows() {
  let heading = "";
  for (const row of rows) {
    const next = headingOf(row);
    if (next !== heading) console.log(`\n${(heading = next)}`);
    if (row.place === "wire") printWeight(row);
    else console.log(`  ${row.peer.padEnd(52)}${shown(row.value).padStart(10)} ${row.unit.padEnd(4)}${beside(row).padStart(12)}`);
  }
}

function headingOf({ place, name, peer }) {
  if (place === "wire") return peer === "seawall" ? "On the wire" : "On the wire, peers";
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}, in ${place === "node" ? "Node" : "Chromium"}`;
}

/** Both compressions of one thing on one line: its rows follow each other. */
function printWeight({ name, peer, value, unit }) {
  if (unit !== "bytes brotli") return;
  const gzip = rows.find((row) => row.name === name && row.peer === peer && row.unit === "bytes gzip");
  const label = peer === "seawall" ? name : peer;
  console.log(`  ${label.padEnd(52)}${shown(value).padStart(10)} brotli${shown(gzip.value).padStart(10)} gzip`);
}

/** How many times as much as ours it is. */
function beside({ place, name, value, unit }) {
  const own = rows.find((row) => row.place === place && row.name === name && row.peer === "seawall" && row.unit === unit);
  return own && own.value > 0 ? `${(value / own.value).toFixed(2)} ×` : "";
}

function printTargets() {
  console.log("\nTargets");
  for (const { id, asks, value, limit, unit, met } of targets) {
    console.log(`  ${met ? "met    " : "not met"} ${id.padEnd(4)}${asks}: ${value === null ? "not measured" : shown(value)} of ${shown(limit)} ${unit}`);
  }
}

function shown(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

function machine() {
  return { node: process.version, cores: cpus().length, processor: cpus()[0]?.model ?? "unknown" };
}
