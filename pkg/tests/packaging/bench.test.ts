/** The benchmark still runs, wherever its figures stand: a few rounds, and every row it promises. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { PROJECT } from "./application.js";

const PROMISED: [place: string, name: string, peers: string[]][] = [
  ["node", "a call that does nothing", ["bare", "seawall", "cockatiel retry+breaker+timeout", "opossum", "p-queue", "TanStack fetchQuery"]],
  ["node", "a read over a fake fetch, as text", ["bare", "seawall", "ky"]],
  ["chromium", "a call that does nothing", ["bare", "seawall", "opossum"]],
  ["chromium", "a cached read from memory", ["TanStack + persister (one blob)"]],
  ["chromium", "a cached read from IndexedDB", ["TanStack + persister (by query)"]],
  ["chromium", "a cache write with 5,000 entries, longest block", ["TanStack + persister (one blob)"]],
  ["wire", "before the first guarded call", ["seawall"]],
  ["wire", "everything, lazily loaded parts included", ["seawall"]],
];

interface Row {
  place: string;
  name: string;
  peer: string;
  value: number;
}

test("the benchmark gives every figure, of the package and of its peers", async () => {
  const json = join(PROJECT, "bench.json");
  const { stdout } = await promisify(execFile)(process.execPath, ["bench/run.mjs", "--quick", "--json", json], { timeout: 120_000 });
  assert.match(stdout, /^Targets$/m);
  const { rows, targets } = JSON.parse(await readFile(json, "utf8")) as { rows: Row[]; targets: { id: string }[] };
  for (const [place, name, peers] of PROMISED) {
    for (const peer of peers) {
      const row = rows.find((one) => one.place === place && one.name === name && one.peer === peer);
      assert.ok(row && Number.isFinite(row.value), `${name}, ${peer}, in ${place}`);
    }
  }
  assert.deepEqual([...new Set(targets.map(({ id }) => id))], ["T7", "P1", "T8", "T14", "P6"]);
});
