import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser } from "playwright-core";

import { callerFor, HARBOUR, LIGHTHOUSE } from "./rest.ts";
import { type Stack, startStack, users } from "./stack.ts";
import { launch, rooms, signIn, typeIn, visit } from "./visit.ts";

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

test("the owner sees both rooms and what was said in each", async () => {
  const { page, complaints, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  assert.deepEqual(await rooms(page), ["Harbour", "Lighthouse"]);
  await page.getByRole("button", { name: /Lighthouse/ }).click();
  await page.getByText("Fog signal off").waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test("the guest never sees Lighthouse, in the page or by a call of their own", async () => {
  const { page, complaints, close } = await visit(browser, stack.url);
  await signIn(page, "guest");
  assert.deepEqual(await rooms(page), ["Harbour"]);
  assert.equal(await page.getByText("Lighthouse").count(), 0);
  assert.deepEqual(complaints, []);
  await close();

  const guest = await callerFor(stack.url, "guest");
  assert.deepEqual((await guest.call(`rooms?id=eq.${LIGHTHOUSE}`)).body, []);
  assert.deepEqual((await guest.call(`messages?room_id=eq.${LIGHTHOUSE}`)).body, []);
  assert.deepEqual((await guest.call(`rpc/room_activity?room=${LIGHTHOUSE}`)).body, []);
  const embedded = (await guest.call("rooms?select=name,messages(body)")).body as { name: string }[];
  assert.deepEqual(embedded.map((room) => room.name), ["Harbour"]);
});

test("nobody writes in a room that is not theirs, or in another's name", async () => {
  const guest = await callerFor(stack.url, "guest");
  const elsewhere = { room_id: LIGHTHOUSE, body: "let me in" };
  const forged = { room_id: HARBOUR, author_id: users.owner.id, body: "signed by another" };
  const foreseen = { room_id: HARBOUR, body: "from the future", created_at: "2099-01-01T00:00:00Z" };
  for (const body of [elsewhere, forged, foreseen]) {
    assert.equal((await guest.call("messages", { method: "POST", body })).status, 403, JSON.stringify(body));
  }
});

test("a user of no room sees nothing and reads so", async () => {
  const { page, close } = await visit(browser, stack.url);
  await typeIn(page, "stranger");
  await page.getByText("You belong to no room on this server.").waitFor();
  assert.deepEqual(await rooms(page), []);
  await close();
});

test("without a session there are no rows", async () => {
  const anybody = await callerFor(stack.url, "anon");
  for (const table of ["rooms", "messages", "memberships", "profiles", "room_summaries"]) {
    const { status, body } = await anybody.call(table);
    assert.equal(status, 401, table);
    assert.equal((body as { code: string }).code, "42501", table);
  }
});

test("a wrong password is told in words and opens no circuit", async () => {
  const { page, close } = await visit(browser, stack.url, { failureThreshold: "2" });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = page.waitForResponse(/\/auth\/v1\/token/);
    await typeIn(page, "owner", "not the password");
    await answer;
  }
  await page.getByRole("alert").filter({ hasText: "The email address or the password is wrong." }).waitFor();
  assert.equal(await page.getByText("All circuits closed").count(), 1);
  await typeIn(page, "owner");
  await page.getByRole("heading", { name: "Harbour" }).waitFor();
  await close();
});

test("the session survives a reload and ends with signing out", async () => {
  const { page, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  await page.reload();
  await page.getByRole("heading", { name: "Harbour" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Come aboard" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Come aboard" }).waitFor();
  await close();
});
