/** C15, S22: what an administrator does to a server by hand, in `<seawall-dashboard server>`, and that it is done. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type {} from "seawall/dashboard";

import { findings } from "./axe.ts";
import { type Stack, startStack, users } from "./stack.ts";
import { launch, type Visit, visit, type Who } from "./visit.ts";

type StorageState = Exclude<NonNullable<BrowserContextOptions["storageState"]>, string>;

/** A busy machine takes its time; nothing here is about how long. */
const PATIENCE = 120_000;
const ENV = {
  SEAWALL_ADMIN_CLAIM_KEY: ".app_metadata.role",
  SEAWALL_ADMIN_CLAIM_VALUE: "admin",
  // Many pages of one administrator within a minute are the test's doing.
  SEAWALL_POLICY: JSON.stringify({ limits: { reads: { limit: 10_000, window: 60_000 } } }),
  SEAWALL_CACHE: "true",
  SEAWALL_CACHE_TTL: "600000",
  SEAWALL_CACHE_READS: JSON.stringify({ "rpc/tagged": ["memberships"] }),
  // What fails once waits for the rest of the test.
  SEAWALL_QUEUE_BACKOFF: "600000",
  SEAWALL_ENDPOINT_LIMITS: "/rest/v1/profiles=5/600000",
};
const SQL = `
  create table if not exists public.stock (id integer primary key);
  truncate public.stock;
  create or replace function public.sell() returns void language plpgsql security definer set search_path = '' as $$
    begin if not exists (select from public.stock) then raise exception 'sold out'; end if; end $$;
  create or replace function public.restock() returns void language sql security definer set search_path = '' as $$
    insert into public.stock values (1) on conflict do nothing $$;
  create or replace function public.busy() returns void language plpgsql set search_path = '' as $$
    begin raise exception 'busy' using errcode = '40001'; end $$;
  create or replace function public.tagged() returns integer language plpgsql stable set search_path = '' as $$
    begin perform set_config('response.headers', '[{"cache-tag": "hands"}]', true); return 1; end $$;
  grant execute on function public.sell(), public.restock(), public.busy(), public.tagged() to authenticated;
  revoke all on public.stock from anon, authenticated;
  notify pgrst, 'reload schema';`;

let stack: Stack;
let browser: Browser;
let session: StorageState;

before(async () => {
  const scripts = await mkdtemp(join(tmpdir(), "seawall-hands-"));
  await writeFile(join(scripts, "hands.sql"), SQL);
  stack = await startStack({ env: ENV, scripts });
  await rm(scripts, { recursive: true });
  browser = await launch();
  const { page, close } = await visit(browser, stack.url, { server: "" }, {}, "/admin.html");
  page.setDefaultTimeout(PATIENCE);
  await page.getByRole("button", { name: "Sign in as the owner" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  session = await page.context().storageState();
  await close();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

async function office(options: BrowserContextOptions = {}): Promise<Visit> {
  const found = await visit(browser, stack.url, { server: "" }, { storageState: session, ...options }, "/admin.html");
  found.page.setDefaultTimeout(PATIENCE);
  return found;
}

async function tokenOf(who: Who): Promise<string> {
  const { email, password } = users[who];
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${stack.url}/auth/v1/token?grant_type=password`, { method: "POST", headers, body: JSON.stringify({ email, password }) });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function ask(token: string, method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = method === "POST" ? { body: "{}" } : {};
  const all = { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers };
  const answer = await fetch(`${stack.url}${path}`, { method, headers: all, ...body });
  await answer.clone().arrayBuffer();
  return answer;
}

/** Queues a call of a function; where its job is. */
async function queued(token: string, name: string): Promise<string> {
  const answer = await ask(token, "POST", `/rest/v1/rpc/${name}`, { prefer: "respond-async" });
  assert.equal(answer.status, 202, await answer.text());
  return answer.headers.get("location") ?? "";
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    assert.ok(Date.now() < end, what);
    await sleep(500);
  }
}

async function becomes(token: string, job: string, state: string): Promise<void> {
  await until(`${job} is ${state}`, async () => ((await (await ask(token, "GET", job)).json()) as { state: string }).state === state);
}

function row(page: Page, panel: string, text: string | RegExp): Locator {
  return page.locator(`[data-panel="${panel}"] li`).filter({ hasText: text }).first();
}

function told(page: Page, text: string): Promise<void> {
  return page.getByRole("status").filter({ hasText: text }).first().waitFor({ state: "attached" });
}

async function fill(page: Page, panel: string, field: string, text: string): Promise<void> {
  const input = page.locator(`[data-panel="${panel}"]`).getByLabel(field, { exact: true });
  await input.fill(text);
  await input.press("Enter");
}

test("a dead letter is queued again, by the keyboard, and is done", async () => {
  const owner = await tokenOf("owner");
  const job = await queued(owner, "sell");
  await becomes(owner, job, "dead");
  const { page, close } = await office();
  const retry = row(page, "dead-letters", "/rest/v1/rpc/sell").getByRole("button", { name: "Retry" });
  await retry.waitFor();
  assert.equal((await ask(owner, "POST", "/rest/v1/rpc/restock")).status, 204);
  await retry.focus();
  await page.keyboard.press("Enter");
  await told(page, "is queued again");
  await becomes(owner, job, "completed");
  await close();
});

test("a write that waits is cancelled", async () => {
  const owner = await tokenOf("owner");
  const job = await queued(owner, "busy");
  const { page, close } = await office();
  const waiting = row(page, "jobs", /\/rest\/v1\/rpc\/busy.*40001/s);
  await waiting.getByRole("button", { name: "Cancel" }).click();
  await told(page, "is cancelled");
  await becomes(owner, job, "canceled");
  await close();
});

test("a key that is over its limit is unblocked", async () => {
  const guest = await tokenOf("guest");
  // A cached answer is an answer, and counts.
  await until("the limit is reached", async () => (await ask(guest, "GET", "/rest/v1/profiles?limit=1")).status === 429);
  const { page, close } = await office();
  await row(page, "limits", "0 of 5 left").getByRole("button", { name: "Unblock" }).click();
  await told(page, "has its whole burst again");
  assert.equal((await ask(guest, "GET", "/rest/v1/profiles?limit=1")).status, 200);
  await close();
});

test("what is kept of a table or under a tag is thrown away, and nothing else", async () => {
  const guest = await tokenOf("guest");
  const read = async (path: string): Promise<string | null> => (await ask(guest, "GET", path)).headers.get("x-cache");
  const rooms = (): Promise<string | null> => read("/rest/v1/rooms?select=name");
  const tagged = (): Promise<string | null> => read("/rest/v1/rpc/tagged");
  const kept = async (): Promise<boolean> => (await rooms()) === "HIT" && (await tagged()) === "HIT";
  await until("both are kept", kept);
  const { page, close } = await office();
  await fill(page, "cache", "Tag", "hands");
  await told(page, "hands is kept nowhere any more");
  assert.equal(await tagged(), "MISS");
  assert.equal(await rooms(), "HIT");
  await until("both are kept again", kept);
  await fill(page, "cache", "Table, or schema.table", "rooms");
  await told(page, "rooms is kept nowhere any more");
  assert.equal(await rooms(), "MISS");
  await close();
});

test("a user is signed out everywhere, and the panel shows it without a name", async () => {
  const stranger = await tokenOf("stranger");
  assert.equal((await ask(stranger, "GET", "/rest/v1/rooms")).status, 200);
  const { page, close } = await office();
  await fill(page, "sessions", "User's id", users.stranger.id);
  await told(page, "is signed out everywhere");
  assert.equal((await ask(stranger, "GET", "/rest/v1/rooms")).status, 401);
  await page.locator('[data-panel="sessions"] li').first().waitFor();
  assert.ok(!(await page.locator('[data-panel="sessions"]').innerText()).includes(users.stranger.id));
  await close();
});

test("events come again after the server was killed and started anew", async () => {
  const { page, close } = await office();
  const heading = page.locator("#panel-events");
  await heading.filter({ hasText: "Events, live" }).waitFor();
  await stack.kill();
  await page.getByRole("heading", { name: "The server cannot be reached" }).waitFor();
  await stack.again();
  await heading.filter({ hasText: "Events, live" }).waitFor();
  const owner = await tokenOf("owner");
  const force = async (word: string): Promise<void> => {
    const headers = { authorization: `Bearer ${owner}`, "content-type": "application/json" };
    await fetch(`${stack.url}/admin/breakers/functions`, { method: "POST", headers, body: JSON.stringify({ force: word }) });
  };
  await force("open");
  await row(page, "events", /circuit changed.*functions/s).waitFor();
  await force("reset");
  await close();
});

test("its texts are the application's to choose", async () => {
  const { page, close } = await office();
  await page.locator("#panel-dead-letters").waitFor();
  await page.evaluate(() => {
    const dashboard = document.querySelector("seawall-dashboard");
    if (dashboard) dashboard.texts = { deadLetters: "Unzustellbar", clearTable: "Tabelle leeren" };
  });
  await page.locator("#panel-dead-letters").filter({ hasText: "Unzustellbar" }).waitFor();
  await page.getByRole("button", { name: "Tabelle leeren" }).waitFor();
  await page.locator("#panel-audit").filter({ hasText: "Audit" }).waitFor();
  await close();
});

test("fields and buttons are there for everybody, on a phone too", async () => {
  const { page, close } = await office({ viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true });
  await page.getByRole("button", { name: "Sign out everywhere" }).waitFor();
  await page.getByRole("button", { name: "Clear table" }).waitFor();
  assert.deepEqual(await findings(page), []);
  const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overhang, 0);
  await close();
});
