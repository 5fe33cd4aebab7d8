/** C15: `<seawall-dashboard>` on the harbour office's page, over the real server. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type {} from "seawall/dashboard";

import { findings } from "./axe.ts";
import { type Stack, startStack } from "./stack.ts";
import { launch, type Visit, visit } from "./visit.ts";

type StorageState = BrowserContextOptions["storageState"];

/** A cool-down that no test lives to see the end of. */
const LONG = { resetTimeout: "60000" };
const PHONE = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true };

let stack: Stack;
let browser: Browser;
/** The server limits sign-ins: each account signs in once, and its session is brought along. */
let sessions: Record<"owner" | "guest", StorageState>;

before(async () => {
  stack = await startStack();
  browser = await launch();
  sessions = { owner: await signedIn("owner"), guest: await signedIn("guest") };
});

afterEach(() => stack.fault("none"));

after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function signedIn(who: "owner" | "guest"): Promise<StorageState> {
  const { page, close } = await office(null);
  await page.getByRole("button", { name: `Sign in as the ${who}` }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  const state = await page.context().storageState();
  await close();
  return state;
}

async function office(who: "owner" | "guest" | null, query: Record<string, string> = LONG, options: BrowserContextOptions = {}): Promise<Visit> {
  const session = who === null ? {} : { storageState: sessions[who] as NonNullable<StorageState> };
  const found = await visit(browser, stack.url, query, { ...session, ...options }, "/admin.html");
  await found.page.getByRole("heading", { name: "All circuits closed" }).waitFor();
  return found;
}

async function send(page: Page, count = 10): Promise<void> {
  await page.evaluate(async (calls) => {
    const { client } = Reflect.get(globalThis, "seawallDemo") as { client: { from(table: string): { select(columns: string): PromiseLike<unknown> } } };
    for (let call = 0; call < calls; call += 1) await client.from("rooms").select(`id,name`);
  }, count);
}

function endpoint(page: Page, table: string): Locator {
  return page.getByRole("region", { name: "Figures by endpoint" }).getByText(`/rest/v1/${table}`, { exact: true });
}

async function waitForState(page: Page, key: string, state: string): Promise<void> {
  await page.locator(`tr[data-breaker="${key}"][data-state="${state}"]`).waitFor();
}

async function openMenu(page: Page, key: string): Promise<void> {
  await page.locator(`tr[data-breaker="${key}"] summary`).click();
}

test("figures follow the backend as it fails and recovers", async () => {
  const { page, complaints, close } = await office("owner", { resetTimeout: "1500", reads: "6000" });
  await page.getByRole("radio", { name: "Calm" }).check();
  await endpoint(page, "messages").waitFor();
  await page.getByText(/second on average/).waitFor();

  await stack.fault("fail");
  await send(page);
  await waitForState(page, "rest", "open");
  await page.getByRole("heading", { name: /^Circuits? open: rest/ }).waitFor();
  const row = page.locator('tr[data-breaker="rest"]');
  await row.getByText("too many failures in the window").waitFor();
  await row.getByText(/^next probe in \d s$/).waitFor();

  await stack.fault("none");
  await page.getByRole("heading", { name: "All circuits closed" }).waitFor();
  const log = page.locator('.history li[data-breaker="rest"]');
  assert.equal(await log.first().getAttribute("data-to"), "closed");
  assert.match((await log.last().textContent()) ?? "", /closed → open.*too many failures in the window/);
  assert.deepEqual(complaints, []);
  await close();
});

test("only the holder of the admin claim has controls", async () => {
  for (const who of [null, "guest"] as const) {
    const { page, close } = await office(who);
    await page.getByText(who === null ? "nobody signed in" : "guest@example.test", { exact: true }).waitFor();
    assert.equal(await page.locator("seawall-dashboard summary").count(), 0, who ?? "nobody");
    await close();
  }
  const { page, close } = await office("owner");
  await page.locator('tr[data-breaker="rest"] summary').waitFor();
  assert.equal(await page.locator("seawall-dashboard summary").count(), 5);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator("seawall-dashboard summary").first().waitFor({ state: "detached" });
  assert.equal(await page.locator("seawall-dashboard summary").count(), 0);
  await close();
});

test("a circuit moved by hand is moved, and said to be", async () => {
  const { page, close } = await office("owner");
  await openMenu(page, "rest");
  await page.getByRole("button", { name: "Hold open: rest" }).click();
  await waitForState(page, "rest", "forced_open");
  await page.getByRole("status").filter({ hasText: "rest is held open" }).waitFor();
  await page.getByRole("heading", { name: "Circuit held open: rest" }).waitFor();
  let requests = 0;
  page.on("request", (request) => (requests += Number(request.url().includes("/rest/v1/"))));
  await send(page, 3);
  assert.equal(requests, 0);

  await openMenu(page, "rest");
  await page.getByRole("button", { name: "Reset: rest" }).click();
  await waitForState(page, "rest", "closed");
  await send(page, 3);
  assert.equal(requests, 3);
  await close();
});

test("a claim that was lost moves nothing, although the menu is still open", async () => {
  const { page, close } = await office("owner");
  await openMenu(page, "rest");
  // Behind the page's back, as a session ends in another tab.
  await page.evaluate(() => {
    Storage.prototype.getItem = () => null;
  });
  await page.getByRole("button", { name: "Hold open: rest" }).click();
  await page.getByRole("status").filter({ hasText: "Only an administrator" }).waitFor();
  await waitForState(page, "rest", "closed");
  await close();
});

test("alerts are shown, told and emitted, and end", async () => {
  const { page, close } = await office("owner", { resetTimeout: "1000", reads: "6000" });
  await page.evaluate(() => {
    const heard: string[] = [];
    Reflect.set(globalThis, "heard", heard);
    document.addEventListener("seawall-alert", ({ detail }) => heard.push(`${detail.rule.measure} ${detail.state} ${detail.subject}`));
    const dashboard = document.querySelector("seawall-dashboard");
    dashboard?.setAttribute("rules", '[{"measure":"open_circuits","threshold":0,"label":"Something is open"}]');
  });
  const rule = page.locator(".alerts li").filter({ hasText: "Something is open" });
  await rule.and(page.locator('[data-raised="false"]')).waitFor();
  await page.getByRole("radio", { name: "Calm" }).check();
  await stack.fault("fail");
  await send(page);
  await rule.and(page.locator('[data-raised="true"]')).waitFor();
  await page.getByRole("alert").filter({ hasText: "Alert. Something is open: 1, rest" }).waitFor();
  await page.getByText("1 alert", { exact: true }).waitFor();
  await stack.fault("none");
  await rule.and(page.locator('[data-raised="false"]')).waitFor({ timeout: 20_000 });
  const heard = (await page.evaluate(() => Reflect.get(globalThis, "heard"))) as string[];
  assert.equal(heard[0], "open_circuits raised rest");
  assert.equal(heard.at(-1), "open_circuits cleared ");
  await close();
});

test("everything is reached and worked by keyboard", async () => {
  const { page, close } = await office("owner");
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const active = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
      return active?.getAttribute("aria-label") ?? active?.textContent ?? "";
    });
  await page.locator('tr[data-breaker="rest"] summary').focus();
  await press("Enter", "ArrowDown");
  assert.equal(await focused(), "Hold open: rest");
  await press("ArrowDown", "ArrowDown");
  assert.equal(await focused(), "Disable: rest");
  await press("ArrowUp", "ArrowUp", "ArrowUp");
  assert.equal(await focused(), "Reset: rest");
  await press("Escape");
  assert.match(await focused(), /Move rest by hand/);
  await press("Enter", "ArrowDown");
  await page.evaluate(() => document.querySelector("seawall-dashboard")?.refreshClaims());
  assert.equal(await focused(), "Hold open: rest", "asking for the claims again disturbs nobody");
  await press("Enter");
  await waitForState(page, "rest", "forced_open");
  assert.match(await focused(), /Move rest by hand/);

  await page.locator('tr[data-breaker="functions"] summary').focus();
  const walk: string[] = [];
  for (let step = 0; step < 5; step += 1) {
    await press("Tab");
    walk.push(await focused());
    if (walk.at(-1) === "Table" && step === 0) await press("Enter");
  }
  assert.deepEqual(walk.slice(0, 3), ["Table", "Calls per second, as a table", "Table"]);
  await page.getByRole("region", { name: "Calls per second, as a table" }).getByRole("table").waitFor();
  await close();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in ${colorScheme}, whatever the circuits do`, async () => {
    const { page, close } = await office("owner", LONG, { colorScheme });
    await send(page, 3);
    await endpoint(page, "rooms").waitFor();
    assert.deepEqual(await findings(page), [], "all closed");
    await stack.fault("fail");
    await send(page);
    await waitForState(page, "rest", "open");
    await page.getByText(/^\d alerts?$/).waitFor();
    await page.getByRole("button", { name: "Table" }).first().click();
    await openMenu(page, "rest");
    assert.deepEqual(await findings(page), [], "an open circuit, alerts, a table and a menu");
    await close();
  });
}

test("axe finds nothing on a phone, and nothing runs off the edge of a narrow one", async () => {
  const { page, close } = await office("owner", LONG, PHONE);
  await stack.fault("fail");
  await send(page);
  await waitForState(page, "rest", "open");
  assert.deepEqual(await findings(page), []);
  for (const width of [360, 320]) {
    await page.setViewportSize({ width, height: 640 });
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overhang, 0, `${width} pixels`);
  }
  await close();
});

test("nothing shifts while figures, circuits and alerts change", async () => {
  const { page, close } = await office("owner");
  await send(page, 2);
  await endpoint(page, "rooms").waitFor();
  await page.evaluate(() => {
    Reflect.set(globalThis, "shifted", 0);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) Reflect.set(globalThis, "shifted", Reflect.get(globalThis, "shifted") + Reflect.get(entry, "value"));
    }).observe({ type: "layout-shift" });
  });
  await stack.fault("fail");
  await send(page);
  await waitForState(page, "rest", "open");
  await page.getByText(/^\d alerts?$/).waitFor();
  await page.waitForTimeout(2_500);
  const shifted = (await page.evaluate(() => Reflect.get(globalThis, "shifted"))) as number;
  assert.ok(shifted < 0.01, `${shifted}`);
  await close();
});

test("day and night can be chosen, and stillness is respected", async () => {
  const { page, close } = await office("owner", LONG, { colorScheme: "light", reducedMotion: "reduce" });
  await page.getByRole("heading", { name: "All circuits closed" }).waitFor();
  const ground = (): Promise<string> => page.locator(".head").evaluate((element) => getComputedStyle(element).backgroundColor);
  const day = await ground();
  await page.locator("seawall-dashboard").evaluate((element) => element.setAttribute("theme", "dark"));
  assert.notEqual(await ground(), day);
  const moving = await page.locator(".head .blade").evaluate((element) => getComputedStyle(element).transitionDuration);
  assert.equal(moving, "0s");
  await close();
});
