/** The README's first page: one command, a page that works, and nothing left behind after Ctrl-C. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { resolve } from "node:path";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { switchServer, tenReads, waitForState } from "./panel.ts";
import { freePort } from "./stack.ts";
import { launch, rooms, signIn, visit } from "./visit.ts";

const root = resolve(import.meta.dirname, "../..");
/** Everything may have to be compiled first. */
const START_LIMIT_MS = 600_000;

let browser: Browser;
let command: ChildProcess;
let printed = "";
let port: number;

before(
  async () => {
    port = await freePort();
    const { DATABASE_URL: _, ...env } = process.env;
    command = spawn("node", ["xtask/run.mjs", "start", "--port", String(port)], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    await running(command);
    browser = await launch();
  },
  { timeout: START_LIMIT_MS },
);

after(async () => {
  await browser?.close();
  if (command?.exitCode === null) command.kill("SIGKILL");
});

function running(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (printed.includes("Ctrl-C stops everything")) resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}:\n${printed}`)));
  });
}

function isServed(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.unref();
  });
}

test("what it prints leads to the page, where row-level security holds for each user", async () => {
  assert.ok(printed.includes(`http://127.0.0.1:${port}/`), printed);
  for (const [who, seen] of [["owner", ["Harbour", "Lighthouse"]], ["guest", ["Harbour"]]] as const) {
    const { page, complaints, close } = await visit(browser, `http://127.0.0.1:${port}`);
    await signIn(page, who);
    const shown = (await rooms(page)).join(" ");
    for (const room of ["Harbour", "Lighthouse"]) assert.equal(shown.includes(room), seen.some((name) => name === room), shown);
    assert.deepEqual(complaints, []);
    await close();
  }
});

test("the circuit opens when the server fails and closes when it is well", async () => {
  const { page, close } = await visit(browser, `http://127.0.0.1:${port}`, { refresh: "200", resetTimeout: "800", reads: "6000" });
  await signIn(page, "owner");
  await switchServer(page, "Failing");
  await waitForState(page, "rest", "open");
  assert.match(await tenReads(page), /refused/);
  await switchServer(page, "Healthy");
  await waitForState(page, "rest", "closed");
  await close();
});

test("asked to stop it stops everything and says so", async () => {
  assert.equal(await isServed(), true);
  command.removeAllListeners("exit");
  command.kill("SIGINT");
  const [code] = (await once(command, "exit")) as [number | null];
  assert.equal(code, 0, printed);
  assert.match(printed, /Stopping/);
  assert.equal(await isServed(), false);
});
