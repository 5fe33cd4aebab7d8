/** C13 and C15 without a bundler: the files as they are published, in a page with a strict policy. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { findings } from "./axe.ts";
import { type PlainPage, startPlainPage } from "./plain.ts";
import { launch, visit } from "./visit.ts";

const WATCHED = `
  import { createGuard } from "/seawall/guard.js";
  import "/seawall/dashboard.js";
  const guard = createGuard();
  document.querySelector("seawall-dashboard").guard = guard;
  globalThis.guard = guard;
`;

const COUNTED = `
  import { createGuard } from "/seawall/guard.js";
  globalThis.guard = createGuard({ metrics: { send: location.origin + "/ingest", interval: 600000 } });
  globalThis.call = async () => (await guard.fetch(location.origin + "/rest/v1/rooms")).text();
  globalThis.ready = guard.metrics.snapshot();
`;

let browser: Browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !condition(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 25));
}

test("the dashboard works by <script type=module> under a strict policy, its guard set before it is defined", async () => {
  const plain = await startPlainPage(WATCHED, "<h1>Plain</h1><seawall-dashboard></seawall-dashboard>");
  const { page, complaints, close } = await visit(browser, plain.url);
  await page.getByRole("heading", { name: "All circuits closed" }).waitFor();
  await page.evaluate(async () => {
    const { fetch } = Reflect.get(globalThis, "guard") as { fetch: typeof globalThis.fetch };
    for (let call = 0; call < 3; call += 1) await (await fetch(`${location.origin}/rest/v1/rooms`)).text();
  });
  await page.getByText("/rest/v1/rooms").waitFor();
  await page.locator(".u-over").first().waitFor({ state: "attached" });
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
  await plain.close();
});

test("what a page counted last arrives although the page is closed", async () => {
  const plain: PlainPage = await startPlainPage(COUNTED);
  const { page, close } = await visit(browser, plain.url);
  await page.evaluate(async () => {
    await Reflect.get(globalThis, "ready");
    for (let call = 0; call < 4; call += 1) await Reflect.get(globalThis, "call")();
  });
  assert.equal(plain.batches.length, 0);
  await page.close({ runBeforeUnload: true });
  await until(() => plain.batches.length > 0);
  assert.deepEqual(plain.batches[0]?.endpoints.map(({ endpoint, calls }) => [endpoint, calls]), [["/rest/v1/rooms", 4]]);
  await close();
  await plain.close();
});

test("what could not arrive when the page was closed is sent by the next page", async () => {
  const plain = await startPlainPage(COUNTED);
  const { page, close } = await visit(browser, plain.url);
  plain.answer(503);
  await page.evaluate(async () => {
    await Reflect.get(globalThis, "ready");
    for (let call = 0; call < 2; call += 1) await Reflect.get(globalThis, "call")();
  });
  const context = page.context();
  await page.close({ runBeforeUnload: true });
  // Its last request must have had its answer before the server is well again.
  await until(() => plain.asked() > 0);
  plain.answer(202);
  assert.equal(plain.batches.length, 0);

  const next = await context.newPage();
  await next.goto(plain.url);
  await until(() => plain.batches.length > 0);
  assert.deepEqual(plain.batches[0]?.endpoints.map(({ calls }) => calls), [2]);
  await next.waitForFunction(() => localStorage.getItem("seawall:metrics:unsent") === null);
  await next.waitForTimeout(300);
  assert.equal(plain.batches.length, 1, "once");
  await close();
  await plain.close();
});
