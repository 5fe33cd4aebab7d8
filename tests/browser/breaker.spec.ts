import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { countRequests, log, moveByHand, switchServer, tenReads, waitForState } from "./panel.ts";
import { type Stack, startStack } from "./stack.ts";
import { launch, signIn, visit } from "./visit.ts";

/** A cool-down that no test lives to see the end of. */
const LONG = { resetTimeout: "60000" };
/** A page that keeps reading, so that probes are sent. */
const LIVELY = { refresh: "200", resetTimeout: "800", reads: "6000" };

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

test("a failing server opens the circuit, and calls then fail at once without a request", async () => {
  const { page, complaints, close } = await visit(browser, stack.url, LONG);
  await signIn(page, "owner");
  await switchServer(page, "Failing");
  assert.match(await tenReads(page), /failed \(/);
  await waitForState(page, "rest", "open");
  await page.getByText("Circuit open: rest").waitFor();

  const requests = countRequests(page);
  assert.match(await tenReads(page), /^10 refused by the open circuit in \d+(\.\d)? ms\.$/);
  await page.getByLabel("Message", { exact: true }).fill("Does this arrive?");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "is given a rest" }).waitFor();
  await page.getByText(/^try again in \d+ s$/).waitFor();
  assert.equal(requests.count(), 0);
  assert.equal(await page.getByLabel("Message", { exact: true }).inputValue(), "Does this arrive?", "nothing typed is lost");
  assert.deepEqual(complaints, []);
  await close();
});

test("a healed server closes the circuit through its probes", async () => {
  const { page, complaints, close } = await visit(browser, stack.url, LIVELY);
  await signIn(page, "owner");
  await switchServer(page, "Failing");
  await waitForState(page, "rest", "open");
  await switchServer(page, "Healthy");
  await waitForState(page, "rest", "closed");
  await page.getByText("All circuits closed").waitFor();
  const lines = await log(page, "rest");
  assert.equal(lines[0], "open: too many failures in the window");
  assert.equal(lines.at(-2), "half-open: the cool-down is over, probes may try");
  assert.equal(lines.at(-1), "closed: the probes succeeded");
  assert.deepEqual(complaints, []);
  await close();
});

test("a vanished server opens the circuit, and its return closes it", async () => {
  const { page, close } = await visit(browser, stack.url, LIVELY);
  await signIn(page, "guest");
  await switchServer(page, "Vanished");
  await waitForState(page, "rest", "open");
  await switchServer(page, "Healthy");
  await waitForState(page, "rest", "closed");
  await close();
});

test("a server slower than the time limit opens the circuit", async () => {
  // Half of what a slow answer takes, and far more than a sound one, on a busy machine too.
  const { page, close } = await visit(browser, stack.url, { ...LONG, timeout: "1500" });
  await signIn(page, "owner");
  await switchServer(page, "Slow");
  assert.match(await tenReads(page), /failed \(timeout\)/);
  await waitForState(page, "rest", "open");
  await close();
});

test("an open circuit survives a reload, and is reset by hand", async () => {
  const { page, close } = await visit(browser, stack.url, LONG);
  await signIn(page, "owner");
  await switchServer(page, "Failing");
  await tenReads(page);
  await waitForState(page, "rest", "open");

  const requests = countRequests(page);
  await page.reload();
  await waitForState(page, "rest", "open");
  await page.getByRole("alert").filter({ hasText: "is given a rest" }).waitFor();
  assert.equal(requests.count(), 0, "the reloaded page remembers");

  await switchServer(page, "Healthy");
  await moveByHand(page, "rest", "Reset");
  await waitForState(page, "rest", "closed");
  assert.match(await tenReads(page), /^10 answered in/);
  await close();
});

test("a circuit held open by hand refuses until it is let go", async () => {
  const { page, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  await moveByHand(page, "rest", "Force open");
  await waitForState(page, "rest", "forced_open");
  await page.getByText("Circuit held open: rest").waitFor();
  const requests = countRequests(page);
  assert.match(await tenReads(page), /^10 refused by the open circuit/);
  assert.equal(requests.count(), 0);

  await moveByHand(page, "rest", "Force closed");
  await waitForState(page, "rest", "forced_closed");
  assert.match(await tenReads(page), /^10 answered/);
  await close();
});

test("a stored state that makes no sense is forgotten", async () => {
  const { page, complaints, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  await moveByHand(page, "rest", "Force open");
  await waitForState(page, "rest", "forced_open");
  const stored = () => Object.keys(localStorage).filter((key) => key.startsWith("seawall:"));
  const keys = await (await page.waitForFunction(`(${stored})().length > 0 && (${stored})()`)).jsonValue();
  // Before the page's own scripts, and after whatever the last page stored in leaving.
  await page.addInitScript((names: string[]) => {
    for (const name of names) localStorage.setItem(name, "\u0000{]not a state");
  }, keys as string[]);
  await page.reload();
  await page.getByRole("heading", { name: "Harbour" }).waitFor();
  assert.match(await tenReads(page), /^10 answered/);
  assert.deepEqual(complaints, []);
  await close();
});

test("an impossible option stops the page and is named", async () => {
  const { page, close } = await visit(browser, stack.url, { failureThreshold: "-1" });
  await page.getByRole("alert").filter({ hasText: "breaker.failureThreshold" }).waitFor();
  await close();
});
