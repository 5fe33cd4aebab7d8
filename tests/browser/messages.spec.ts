import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { callerFor, HARBOUR } from "./rest.ts";
import { type Stack, startStack } from "./stack.ts";
import { launch, signIn, visit } from "./visit.ts";

/** Thirty hours old in the example data, and the owner's. */
const OLD_MESSAGE = "bbbbbbbb-0000-4000-8000-000000000001";

let stack: Stack;
let browser: Browser;

before(async () => {
  stack = await startStack();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

test("a message posted by one member reaches the other and is deleted for both", async () => {
  const body = `Tug at berth four, ${randomUUID()}`;
  const guest = await visit(browser, stack.url);
  const owner = await visit(browser, stack.url, { refresh: "300", reads: "600" });
  await signIn(guest.page, "guest");
  await signIn(owner.page, "owner");

  await guest.page.getByLabel("Message", { exact: true }).fill(body);
  await guest.page.getByLabel("Message", { exact: true }).press("Enter");
  const sent = guest.page.locator("[data-message]").filter({ hasText: body });
  const received = owner.page.locator("[data-message]").filter({ hasText: body });
  await sent.waitFor();
  await received.waitFor();
  assert.match((await received.textContent()) ?? "", /^Guest/);
  assert.equal(await received.getByRole("button").count(), 0, "only the author may delete");

  await sent.getByRole("button", { name: /^Delete/ }).click();
  await sent.waitFor({ state: "detached" });
  await received.waitFor({ state: "detached" });
  assert.deepEqual([...guest.complaints, ...owner.complaints], []);
  await guest.close();
  await owner.close();
});

test("what is written is shown as text, whatever it looks like", async () => {
  const body = `<img src=x onerror=alert(1)> ${randomUUID()}`;
  const { page, complaints, close } = await visit(browser, stack.url);
  await signIn(page, "guest");
  await page.getByLabel("Message", { exact: true }).fill(body);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const shown = page.locator("[data-message]").filter({ hasText: body });
  await shown.waitFor();
  assert.equal(await page.locator(".messages img").count(), 0);
  await shown.getByRole("button", { name: /^Delete/ }).click();
  await shown.waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
  await close();
});

test("a message older than 24 hours stays, even for its author", async () => {
  const { page, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  const old = page.locator(`[data-message="${OLD_MESSAGE}"]`);
  await old.waitFor();
  assert.equal(await old.getByRole("button").count(), 0);
  await close();

  const owner = await callerFor(stack.url, "owner");
  const { status, body } = await owner.call(`messages?id=eq.${OLD_MESSAGE}`, { method: "DELETE" });
  assert.deepEqual({ status, body }, { status: 200, body: [] });
  const { body: kept } = await owner.call(`messages?id=eq.${OLD_MESSAGE}&select=id`);
  assert.deepEqual(kept, [{ id: OLD_MESSAGE }]);
});

test("the rpc writes as whoever calls it", async () => {
  const guest = await callerFor(stack.url, "guest");
  const body = `By rpc, ${randomUUID()}`;
  const { body: posted } = await guest.call("rpc/post_message?select=id,author:profiles(display_name)", {
    method: "POST",
    body: { room: HARBOUR, body },
  });
  const message = posted as { id: string; author: { display_name: string } };
  assert.equal(message.author.display_name, "Guest");
  const { body: gone } = await guest.call(`messages?id=eq.${message.id}&select=body`, { method: "DELETE" });
  assert.deepEqual(gone, [{ body }]);
});
