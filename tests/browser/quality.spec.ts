import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { findings } from "./axe.ts";
import { moveByHand, switchServer, tenReads, waitForState } from "./panel.ts";
import { type Stack, startStack } from "./stack.ts";
import { launch, signIn, visit } from "./visit.ts";

const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let stack: Stack;
let browser: Browser;

before(async () => {
  stack = await startStack();
  browser = await launch();
});

afterEach(() => stack.fault("none"));

after(async () => {
  await browser?.close();
  await stack?.stop();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in ${colorScheme}, whatever the circuit does`, async () => {
    const { page, close } = await visit(browser, stack.url, { resetTimeout: "60000" }, { colorScheme });
    await page.getByRole("heading", { name: "Come aboard" }).waitFor();
    assert.deepEqual(await findings(page), [], "signing in");
    await signIn(page, "owner");
    assert.deepEqual(await findings(page), [], "a room");
    await switchServer(page, "Failing");
    await tenReads(page);
    await waitForState(page, "rest", "open");
    await page.getByLabel("Message", { exact: true }).fill("Anybody?");
    await page.getByLabel("Message", { exact: true }).press("Enter");
    await page.getByRole("alert").filter({ hasText: "is given a rest" }).waitFor();
    await page.locator('[data-breaker="rest"] summary').click();
    assert.deepEqual(await findings(page), [], "an open circuit, a notice and a menu");
    await close();
  });
}

test("axe finds nothing on a phone, and nothing runs off its edge", async () => {
  const { page, close } = await visit(browser, stack.url, { resetTimeout: "60000" }, phone);
  const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await signIn(page, "owner");
  assert.deepEqual(await findings(page), []);
  assert.equal(await overhang(), 0);
  await switchServer(page, "Failing");
  await tenReads(page);
  await waitForState(page, "rest", "open");
  assert.equal(await overhang(), 0, "with a circuit open");
  await page.getByRole("link", { name: "open" }).click();
  await page.getByRole("heading", { name: "The guard" }).waitFor();
  await close();
});

test("the page is usable by keyboard alone", async () => {
  const { page, close } = await visit(browser, stack.url);
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await page.getByRole("button", { name: /^Guest/ }).focus();
  await press("Enter", "Enter");
  await page.getByRole("heading", { name: "Harbour" }).waitFor();

  await page.locator('[data-breaker="rest"] summary').focus();
  await press("Enter", "Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Force open");
  await press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), "SUMMARY");
  await press("Enter", "Tab", "Enter");
  await waitForState(page, "rest", "forced_open");
  await close();
});

test("the policy of the page allows no script but its own", async () => {
  const { headers } = await fetch(stack.url);
  const policy = headers.get("content-security-policy") ?? "";
  assert.match(policy, /'self'/);
  assert.doesNotMatch(policy, /'unsafe-inline'|'unsafe-eval'|https?:|\*/);
  const { page, complaints, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  await moveByHand(page, "rest", "Force open");
  await waitForState(page, "rest", "forced_open");
  assert.deepEqual(complaints, []);
  await close();
});

test("nothing moves for a reader who asked for stillness", async () => {
  const { page, close } = await visit(browser, stack.url, {}, { reducedMotion: "reduce" });
  await signIn(page, "owner");
  await tenReads(page);
  assert.equal(await page.locator(".lights circle").count(), 0);
  await close();
});
