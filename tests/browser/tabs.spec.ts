/** Ten tabs of one origin in a real browser, and a backend that counts: one limit, one circuit, one that probes. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { type Counting, mostInAnyWindow, startCounting } from "./counting.ts";
import { launch } from "./visit.ts";

const LIMIT = 40;
const WINDOW = 4_000;
/** A request is stamped when it is handed to the browser, a moment after the guard has counted it. */
const MARGIN = 150;
const OPTIONS = {
  retry: { attempts: 1 },
  limits: { reads: { limit: LIMIT, window: WINDOW }, maxWait: 2_000 },
  breaker: { jitter: 0, resetTimeout: 1_500, halfOpenProbes: 1, successThreshold: 1 },
};

let backend: Counting;
let browser: Browser;
let context: BrowserContext;

before(async () => {
  browser = await launch();
});

beforeEach(async () => {
  backend = await startCounting();
  context = await browser.newContext();
});

afterEach(async () => {
  await context.close();
  await backend.close();
});

after(() => browser?.close());

async function open(options: object = OPTIONS): Promise<Page> {
  const page = await context.newPage();
  await page.goto(backend.url);
  await page.evaluate(async (given) => {
    const module = (await import(`${location.origin}/dist/guard.js`)) as { createGuard(options: object): { fetch: typeof fetch } };
    Reflect.set(globalThis, "guard", module.createGuard(given));
  }, options);
  return page;
}

function openTen(options: object = OPTIONS): Promise<Page[]> {
  return Promise.all(Array.from({ length: 10 }, () => open(options)));
}

/** So many reads at once in a tab; their statuses, or the codes of their errors. */
function reads(page: Page, count: number): Promise<string[]> {
  return page.evaluate(async (times) => {
    const guard = Reflect.get(globalThis, "guard") as { fetch: typeof fetch };
    // No functions with names of their own in here: the loader would mark them by a helper the page does not have.
    return Promise.all(
      Array.from({ length: times }, () =>
        guard.fetch("/rest/v1/messages", { seawall: { coalesce: false } } as RequestInit).then(
          async (response) => {
            await response.text();
            return String(response.status);
          },
          (error: { code?: string }) => error.code ?? "?",
        ),
      ),
    );
  }, count);
}

function state(page: Page): Promise<string> {
  return page.evaluate(() => {
    const guard = Reflect.get(globalThis, "guard") as { breakers: { get(key: string): { state: string } } };
    return guard.breakers.get("rest").state;
  });
}

async function until(condition: () => Promise<boolean>, within = 5_000): Promise<void> {
  const end = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`it did not come true within ${within} ms`);
    await sleep(20);
  }
}

test("ten tabs fire far more than the limit at once: they share it, and what is over it is held back", async () => {
  const pages = await openTen();
  await sleep(300);
  const codes = (await Promise.all(pages.map((page) => reads(page, 30)))).flat();
  await sleep(WINDOW);
  const more = (await Promise.all(pages.map((page) => reads(page, 10)))).flat();
  const most = mostInAnyWindow(backend.asked, WINDOW - MARGIN);
  console.log(`ten tabs, ${codes.length + more.length} calls: ${backend.asked.length} sent, at most ${most} of ${LIMIT} in any window`);
  assert.ok(most <= LIMIT, String(most));
  assert.equal([...codes, ...more].filter((code) => code === "200").length, backend.asked.length);
  assert.ok([...codes, ...more].every((code) => code === "200" || code === "rate_limited"));
  assert.ok(backend.asked.length >= LIMIT * 1.5, String(backend.asked.length));
});

test("ten tabs that open and fire at the same moment hold the limit together", async () => {
  const pages = await Promise.all(Array.from({ length: 10 }, () => context.newPage()));
  await Promise.all(pages.map((page) => page.goto(backend.url)));
  await Promise.all(
    pages.map((page) =>
      page.evaluate(async (given) => {
        const module = (await import(`${location.origin}/dist/guard.js`)) as { createGuard(options: object): { fetch: typeof fetch } };
        const guard = module.createGuard(given);
        const init = { seawall: { coalesce: false } } as RequestInit;
        await Promise.allSettled(Array.from({ length: 30 }, () => guard.fetch("/rest/v1/messages", init)));
      }, OPTIONS),
    ),
  );
  const most = mostInAnyWindow(backend.asked, WINDOW - MARGIN);
  console.log(`ten tabs at the same moment: at most ${most} of ${LIMIT} in any window`);
  assert.ok(most <= LIMIT, String(most));
});

test("a tab that is killed half-way takes nothing with it: the others go on within the limit", async () => {
  const pages = await openTen();
  // Until the keeper has its second part it cannot store what it sends.
  await sleep(1_500);
  const all = Promise.all(pages.slice(1).map((page) => reads(page, 30)));
  await reads(pages[0] as Page, 5);
  // The first that opened most likely keeps the limit for the others.
  await (pages[0] as Page).close();
  await all;
  await sleep(WINDOW);
  const codes = await reads(pages[5] as Page, LIMIT / 2);
  assert.ok(codes.filter((code) => code === "200").length >= LIMIT / 4, codes.join());
  const most = mostInAnyWindow(backend.asked, WINDOW - MARGIN);
  assert.ok(most <= LIMIT, String(most));
});

test("a circuit opened in one tab is open in all within a moment, one of them probes, and all close", async () => {
  const pages = await openTen({ ...OPTIONS, limits: { reads: { limit: 1_000 } } });
  await sleep(300);
  backend.answer(502);
  const started = Date.now();
  for (let call = 0; call < 5; call += 1) await reads(pages[4] as Page, 1);
  await until(async () => (await Promise.all(pages.map(state))).every((one) => one === "open"), 1_000);
  console.log(`open in all tabs ${Date.now() - started} ms after the first failure`);
  const before = backend.asked.length;
  const codes = (await Promise.all(pages.map((page) => reads(page, 3)))).flat();
  assert.ok(codes.every((code) => code === "circuit_open"), codes.join());
  assert.equal(backend.asked.length, before);

  // Still broken: whoever probes finds out for all.
  await sleep(1_600);
  for (let round = 0; round < 3; round += 1) await Promise.all(pages.map((page) => reads(page, 2)));
  assert.equal(backend.asked.length, before + 1, "exactly one probe");
  await until(async () => (await Promise.all(pages.map(state))).every((one) => one === "open"), 1_000);

  backend.answer(200);
  await sleep(3_200);
  await until(async () => {
    await Promise.all(pages.map((page) => reads(page, 1)));
    return (await Promise.all(pages.map(state))).every((one) => one === "closed");
  });
});

test("used-up limits are remembered by the reloaded page, and a stored text that makes no sense is not", async () => {
  const page = await open({ ...OPTIONS, limits: { reads: { limit: 5, window: 60_000 }, maxWait: 0 } });
  await reads(page, 5);
  // What a page counted before its second part came goes with it, if it goes that early.
  await sleep(1_000);
  await page.reload();
  const again = async (): Promise<string[]> => {
    await page.evaluate(async (given) => {
      const module = (await import(`${location.origin}/dist/guard.js`)) as { createGuard(options: object): object };
      Reflect.set(globalThis, "guard", module.createGuard(given));
    }, { ...OPTIONS, limits: { reads: { limit: 5, window: 60_000 }, maxWait: 0 } });
    await sleep(200);
    return reads(page, 1);
  };
  assert.deepEqual(await again(), ["rate_limited"]);
  assert.equal(backend.asked.length, 5);
  await page.goto("about:blank");
  await page.goto(backend.url);
  await page.evaluate(() => {
    for (const key of Object.keys(localStorage)) localStorage.setItem(key, "\u0000{]not a state");
  });
  assert.deepEqual(await again(), ["200"]);
});
