/** Sessions in many tabs and over a sleep: the example's supabase-js against the real auth service. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { SupabaseClient } from "@supabase/supabase-js";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Guard } from "seawall";

import { type Stack, startStack } from "./stack.ts";
import { launch, signIn } from "./visit.ts";

declare const seawallDemo: { guard: Guard; client: SupabaseClient };

let stack: Stack;
let browser: Browser;
let context: BrowserContext;

before(async () => {
  stack = await startStack();
  browser = await launch();
});

afterEach(async () => {
  await stack.fault("none");
  await context?.close();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function open(query = ""): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${stack.url}/?refresh=0&attempts=1${query}`);
  return page;
}

/** Signs in, and leaves a session in storage that every tab takes for expired. */
async function signInAndExpire(): Promise<void> {
  const page = await open();
  await signIn(page, "owner");
  await page.evaluate(() => {
    const key = Object.keys(localStorage).find((name) => name.endsWith("-auth-token")) ?? "";
    const session = JSON.parse(localStorage.getItem(key) ?? "{}");
    localStorage.setItem(key, JSON.stringify({ ...session, expires_at: Math.floor(Date.now() / 1_000) - 60 }));
  });
  await page.close();
}

function countRefreshes(): () => number {
  let count = 0;
  context.on("request", (request) => {
    if (request.url().includes("grant_type=refresh_token")) count += 1;
  });
  return () => count;
}

test("six tabs whose session has expired send one refresh, and all stay signed in", async () => {
  context = await browser.newContext();
  await signInAndExpire();
  const refreshes = countRefreshes();
  const tabs = await Promise.all(Array.from({ length: 6 }, () => open()));
  for (const tab of tabs) await tab.getByRole("heading", { name: "Harbour" }).waitFor();
  const users = await Promise.all(
    tabs.map((tab) => tab.evaluate(async () => (await seawallDemo.client.auth.getUser()).data.user?.email)),
  );
  assert.deepEqual(users, Array(6).fill("owner@example.test"));
  assert.equal(refreshes(), 1);
});

test("a service that refuses refreshes is left alone for minutes, and nobody is signed out", async () => {
  context = await browser.newContext();
  await signInAndExpire();
  const refreshes = countRefreshes();
  await context.route(/grant_type=refresh_token/, (route) =>
    route.fulfill({ status: 429, json: { code: "over_request_rate_limit", message: "Request rate limit reached" } }),
  );
  const tabs = await Promise.all(Array.from({ length: 4 }, () => open()));
  await tabs[0]?.waitForFunction(() => Object.keys(localStorage).some((name) => name.startsWith("seawall:refresh")));
  for (const tab of tabs) await tab.evaluate(() => seawallDemo.client.from("rooms").select("id"));
  assert.equal(refreshes(), 1);
  const isKept = await tabs[1]?.evaluate(() => Object.keys(localStorage).some((name) => name.endsWith("-auth-token")));
  assert.equal(isKept, true);
});

test("getUser() is asked each time, at the same time too", async () => {
  context = await browser.newContext();
  const page = await open();
  await signIn(page, "owner");
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/auth/v1/user") && request.method() === "GET") asked += 1;
  });
  await page.evaluate(() => Promise.all([1, 2, 3].map(() => seawallDemo.client.auth.getUser())));
  await page.evaluate(() => seawallDemo.client.auth.getUser());
  assert.equal(asked, 4);
});

test("a frozen tab ends what should have ended as soon as it thaws", async () => {
  context = await browser.newContext();
  const page = await open("&timeout=1500");
  await signIn(page, "owner");
  await stack.fault("slow", 60_000);
  await page.evaluate(() => {
    const since = performance.now();
    const ended = seawallDemo.client.from("rooms").select("id").then(({ error }) => [error?.code, performance.now() - since]);
    Object.assign(globalThis, { ended });
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  const thawed = performance.now();
  const [code] = await page.evaluate(() => Reflect.get(globalThis, "ended") as Promise<[string, number]>);
  assert.equal(code, "timeout");
  assert.ok(performance.now() - thawed < 2_000, "at once");
  await stack.fault("none");
  const { error } = await page.evaluate(() => seawallDemo.client.from("rooms").select("id"));
  assert.equal(error, null);
});
