/** C15, S22: `<seawall-dashboard server>` over two real servers on one database. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type {} from "seawall/dashboard";

import { findings } from "./axe.ts";
import { type Stack, startStack } from "./stack.ts";
import { launch, type Visit, visit } from "./visit.ts";

type StorageState = Exclude<NonNullable<BrowserContextOptions["storageState"]>, string>;

/** A busy machine takes its time; nothing here is about how long. */
const PATIENCE = 60_000;
const PHONE = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true };
const ADMIN = { SEAWALL_ADMIN_CLAIM_KEY: ".app_metadata.role", SEAWALL_ADMIN_CLAIM_VALUE: "admin", SEAWALL_CACHE: "true" };

let one: Stack;
let other: Stack;
let browser: Browser;
let owner: StorageState;
let guest: StorageState;

before(async () => {
  one = await startStack({ env: ADMIN });
  other = await startStack({ env: ADMIN });
  browser = await launch();
  owner = await signedIn("owner");
  guest = await signedIn("guest");
});

after(async () => {
  await browser?.close();
  await Promise.all([one?.stop(), other?.stop()]);
});

async function signedIn(who: "owner" | "guest"): Promise<StorageState> {
  const { page, close } = await office(one);
  await page.getByRole("button", { name: `Sign in as the ${who}` }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  const state: StorageState = await page.context().storageState();
  await close();
  return state;
}

/** The session of one server is good at the other: they share the secret, and supabase-js keeps it under the host alone. */
async function office(stack: Stack, session?: StorageState, options: BrowserContextOptions = {}): Promise<Visit> {
  const moved = session && { ...session, origins: session.origins.map((kept) => ({ ...kept, origin: stack.url })) };
  const found = await visit(browser, stack.url, { server: "" }, { ...(moved ? { storageState: moved } : {}), ...options }, "/admin.html");
  found.page.setDefaultTimeout(PATIENCE);
  return found;
}

async function state(page: Page, dependency: string, wanted: string): Promise<void> {
  await page.locator(`tr[data-breaker="${dependency}"][data-state="${wanted}"]`).waitFor();
}

async function move(page: Page, dependency: string, label: string): Promise<void> {
  await page.locator(`tr[data-breaker="${dependency}"] summary`).click();
  await page.getByRole("button", { name: `${label}: ${dependency}` }).click();
}

test("a breaker that is held open through one instance is open on the other", async () => {
  const here = await office(one, owner);
  const there = await office(other, owner);
  await state(here.page, "auth", "closed");
  await state(there.page, "auth", "closed");
  const instances = there.page.locator('[data-panel="instances"] li');
  await instances.nth(1).waitFor();

  await move(here.page, "auth", "Hold open");
  await state(here.page, "auth", "forced_open");
  await state(there.page, "auth", "forced_open");
  await there.page.locator('.history li[data-breaker="auth"][data-to="forced_open"]').waitFor();
  await there.page.locator('[data-panel="events"] li').filter({ hasText: "circuit changed" }).first().waitFor();

  await move(there.page, "auth", "Disable");
  await state(here.page, "auth", "disabled");
  await move(there.page, "auth", "Reset");
  await state(here.page, "auth", "closed");
  assert.deepEqual([...here.complaints, ...there.complaints], []);
  await here.close();
  await there.close();
});

test("who is no administrator sees nothing, has no controls, and is refused by the server", async () => {
  const { page, close } = await office(one, guest);
  await page.getByRole("heading", { name: "Only administrators may see this server" }).waitFor();
  assert.equal(await page.locator("seawall-dashboard summary").count(), 0);
  assert.equal(await page.locator("seawall-dashboard .panel").count(), 0);
  const refused = await page.evaluate(async () => {
    const { client } = Reflect.get(globalThis, "seawallDemo") as { client: { auth: { getSession(): Promise<{ data: { session: { access_token: string } } }> } } };
    const { data } = await client.auth.getSession();
    const headers = { authorization: `Bearer ${data.session.access_token}`, "content-type": "application/json" };
    const answer = await fetch("/admin/breakers/auth", { method: "POST", headers, body: JSON.stringify({ force: "open" }) });
    return answer.status;
  });
  assert.equal(refused, 403);
  await close();
});

test("nobody is asked to believe a page without a token", async () => {
  const { page, close } = await office(one);
  await page.getByRole("heading", { name: "Sign in as an administrator to see this server" }).waitFor();
  const asked = await page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => /\/(admin|internal)\//.test(name)).length);
  assert.equal(asked, 0, "nothing is asked without a token");
  await close();
});

test("the cache is cleared by hand, and what was done is found in the audit", async () => {
  const { page, close } = await office(one, owner);
  await page.getByRole("button", { name: "Clear: Response cache" }).click();
  await page.getByRole("status").filter({ hasText: "Response cache is empty on every instance." }).waitFor();
  const audit = page.locator('[data-panel="audit"]');
  // By subject it would soon be lost among what this page itself asks for.
  await audit.getByLabel("Subject, path, status or request id").fill("204");
  await audit.getByRole("button", { name: "Search" }).click();
  await audit.locator("li").filter({ hasText: /POST .*204 done/ }).first().waitFor();
  await close();
});

for (const [name, options] of [
  ["by day", { colorScheme: "light" }],
  ["by night", { colorScheme: "dark" }],
  ["on a phone", PHONE],
] as const) {
  test(`axe finds nothing ${name}`, async () => {
    const { page, close } = await office(one, owner, options);
    await state(page, "auth", "closed");
    await page.locator('[data-panel="audit"]').waitFor();
    assert.deepEqual(await findings(page), []);
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overhang, 0);
    await close();
  });
}
