/** What an application that uses the package is expected to bring about, and how it is run. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { type Site, type SiteOptions, startSite } from "./site.js";

const run = promisify(execFile);

const LIMIT_MS = 240_000;

/** The throw-away project that `project.mjs` made. */
export const PROJECT = process.env["SEAWALL_PACKAGING_PROJECT"] ?? missing();

function missing(): never {
  throw new Error("SEAWALL_PACKAGING_PROJECT is not set: run this by `npm run test:packaging -w pkg`");
}

/** Where the guard keeps its state: localStorage (`local`) in pages, memory where there is none. */
export type Place = "local" | "memory";

/** Runs `use` beside a backend, and holds what it gives and what the backend saw against what must be. */
export async function holds(place: Place, use: (site: Site) => Promise<unknown>, options: SiteOptions = {}): Promise<void> {
  const site = await startSite(options);
  try {
    assert.deepEqual(await use(site), expected(place));
    assert.deepEqual(site.requests, [
      "GET /rest/v1/rows",
      "GET /rest/v1/rows",
      // A third call was refused: nothing was sent.
      "GET /rest/v1/broken",
      "GET /rest/v1/broken",
    ]);
  } finally {
    await site.close();
  }
}

function expected(place: Place): unknown {
  return {
    read: [{ id: 1 }, { id: 2 }],
    outage: [503, 503, "circuit_open"],
    transitions: ["rest: closed to open"],
    selected: { data: [{ id: 1 }, { id: 2 }], error: null, status: 200, refusal: "circuit_open" },
    parts: "loaded",
    storage: place,
  };
}

/** What a page reported, unless it broke. */
export async function reportOf(site: Site): Promise<unknown> {
  const { result, fault } = (await site.reported()) as { result?: unknown; fault?: string };
  if (fault !== undefined) throw new Error(`in the application: ${fault}`);
  return result;
}

/** Runs a program of the project's to its end and gives what it printed; fails with all it said. */
export async function command(name: string, words: string[], { folder = "", env = {} }: { folder?: string; env?: Record<string, string> } = {}): Promise<string> {
  try {
    const { stdout } = await run(join(PROJECT, "node_modules/.bin", name), words, {
      cwd: join(PROJECT, folder),
      env: { ...process.env, NO_COLOR: "1", CI: "1", NEXT_TELEMETRY_DISABLED: "1", ...env },
      timeout: LIMIT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${name} ${words.join(" ")}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Runs a script with Node in a folder of the project. */
export async function node(words: string[], folder = ""): Promise<string> {
  const { stdout } = await run(process.execPath, words, { cwd: join(PROJECT, folder), timeout: LIMIT_MS });
  return stdout;
}
