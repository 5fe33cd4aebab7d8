/**
 * C15: everything `<seawall-dashboard>` shows, speaks or draws is said in the application's words, if it has any.
 *
 * Each text is replaced by one in marks, with its name; a letter outside of marks is a text that cannot be replaced.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { startPlainPage } from "./plain.ts";
import { launch, visit } from "./visit.ts";

/** A busy machine takes its time; nothing here is about how long. */
const PATIENCE = 60_000;
/** What a guard's data have of letters: its circuits, and the endpoint that is asked. */
const DATA = String.raw`/rest/v1/rooms|\b(?:rest|auth|storage|functions|realtime|reads|writes|rpc|rooms)\b`;

/** What the page has heard. */
interface Heard {
  readonly names: string[];
  readonly unmarked: string[];
  readonly all: string[];
}

let browser: Browser;
const names = new Set<string>();
let all: string[] = [];

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Opens the page that a script makes; gives what was heard there outside of marks and is not of its data. */
async function page(script: string, act: (page: Page) => Promise<void>, data?: string): Promise<string[]> {
  const source = (name: string): Promise<string> => readFile(join(import.meta.dirname, "pages", name), "utf8");
  const plain = await startPlainPage(await source(script), "<seawall-dashboard></seawall-dashboard>", { "/words.js": await source("words.js") });
  const { page: opened, complaints, close } = await visit(browser, plain.url);
  opened.setDefaultTimeout(PATIENCE);
  await act(opened);
  const heard = await run<Heard>(opened, "heard", data);
  for (const name of heard.names) names.add(name);
  all = heard.all;
  assert.deepEqual(complaints, []);
  await close();
  await plain.close();
  return heard.unmarked;
}

function run<Result = void>(page: Page, name: string, ...words: unknown[]): Promise<Result> {
  return page.evaluate(({ name, words }) => (Reflect.get(globalThis, name) as (...words: unknown[]) => Result)(...words), { name, words }) as Promise<Result>;
}

/** Waits until a text was said, by its name; it may be gone again since. */
async function text(page: Page, name: string): Promise<void> {
  const said = (name: string): boolean => (Reflect.get(globalThis, "heard") as () => Heard)().names.includes(name);
  await page.waitForFunction(said, name, { polling: 100 });
}

/** Shows the charts as tables, or as charts again. */
async function flip(page: Page): Promise<void> {
  for (const toggle of await page.getByRole("button", { name: "⟦asTable¦" }).all()) await toggle.click();
}

/** Calls until a text is shown. */
async function called(page: Page, name: string): Promise<void> {
  const until = Date.now() + PATIENCE;
  while ((await page.getByText(`⟦${name}¦`).count()) === 0 && Date.now() < until) await run(page, "call");
  await text(page, name);
}

const ADMIN = { app_metadata: { role: "admin" } };

test("figures, alerts and circuits are in the application's words", async () => {
  const unmarked = await page("words-source.js", async (page) => {
    await text(page, "noRule");
    await flip(page);
    await text(page, "nothingYet");
    await flip(page);
    for (const [step, seconds] of [["idle", 0], ["idle", 1], ["busy", 1]] as const) await run(page, "show", step, seconds);
    await text(page, "verdictOne");
    await flip(page);
    await text(page, "from");
    await run(page, "rule", false);
    await run(page, "show", "busy");
    await text(page, "alertCountOne");
    await run(page, "rule", true);
    for (const seconds of [1, 1]) await run(page, "show", "busy", seconds);
    await run(page, "show", "troubled", 1);
    await text(page, "alertRaised");
    await run(page, "show", "calm", 1);
    await run(page, "show", "calm", 6);
    await text(page, "alertCleared");
    await run(page, "show", "calm", 120);
    await text(page, "lastMinutes");
  });
  assert.deepEqual(unmarked, []);
});

test("hands and buttons are in the application's words", async () => {
  const move = async (page: Page, name: string): Promise<void> => {
    await page.locator("summary").first().click();
    await page.getByRole("button", { name: `⟦move_${name}¦` }).first().click();
  };
  const unmarked = await page("words-source.js", async (page) => {
    await run(page, "show", "idle");
    await run(page, "sign", ADMIN);
    for (const name of ["forceOpen", "forceClosed", "disable", "reset"]) {
      await move(page, name);
      await text(page, `moved_${name}`);
    }
    await page.getByRole("button", { name: "⟳" }).click();
    await run(page, "refuse");
    await move(page, "reset");
    await text(page, "notMoved");
    await page.getByRole("button", { name: "⟳" }).click();
    await text(page, "actRefused");
    for (const [name, says] of [["move", "mayNotMove"], ["act", "mayNotAct"]] as const) {
      await run(page, "sign", ADMIN);
      if (name === "move") await page.locator("summary").first().click();
      const button = page.getByRole("button", { name: name === "move" ? "⟦move_reset¦" : "⟳" }).first();
      await button.waitFor();
      await run(page, "signOut");
      await button.click();
      await text(page, says);
    }
  });
  assert.deepEqual(unmarked, []);
});

test("a guard's own figures are in the application's words", async () => {
  const unmarked = await page("words-guard.js", async (page) => {
    await text(page, "thisBrowser");
    for (const name of ["ofReads", "waitedP95", "offlineWrites", "onDisk"]) await called(page, name);
    await run(page, "keepInMemory");
    await called(page, "inMemory");
  }, DATA);
  assert.deepEqual(unmarked, []);
});

test("a server's lists and refusals are in the application's words", async () => {
  const unmarked = await page("words-server.js", async (page) => {
    for (const what of ["empty", "off", "full"]) {
      await run(page, "begin", what);
      await text(page, { empty: "limitsEmpty", off: "limitsOff", full: "refused" }[what] ?? "");
    }
    await text(page, "eventsLive");
    await run(page, "tell");
    for (const name of ["clearTable", "clearTag", "endUser", "endSession"]) {
      const form = page.locator("form", { has: page.getByRole("button", { name: `⟦${name}¦` }) });
      await form.getByRole("textbox").fill("1");
      await form.getByRole("button").click();
      await text(page, `${name}Done`);
    }
    for (const name of ["unblock", "retry", "cancel", "clear"]) {
      await page.getByRole("button", { name: `⟦${name}¦` }).click();
      await text(page, `${name}Done`);
    }
    await run(page, "refuse");
    await page.getByRole("button", { name: "⟦unblock¦" }).click();
    await text(page, "answeredWith");
    await run(page, "forget");
    await text(page, "nobody");
    await run(page, "begin", "full");
    await run(page, "cut");
    await text(page, "eventsLost");
    for (const [status, says] of [[401, "signIn"], [403, "adminsOnly"], [429, "pause"], [500, "refuses"], [0, "unreachable"]] as const) {
      await run(page, "begin", status);
      await text(page, says);
    }
  });
  assert.deepEqual(unmarked, []);
});

test("every text of the table was said", () => {
  assert.deepEqual(
    all.filter((name) => !names.has(name) && name !== "language"),
    [],
  );
});
