/** Pages from which the browser withholds something: they are guarded with what is left, and nobody waits for the rest. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { launch } from "./visit.ts";

interface Guarded {
  fetch: typeof fetch;
  close(): void;
}

declare const window: { createGuard(options: object): Guarded; guard: Guarded } & typeof globalThis;

const dist = resolve(import.meta.dirname, "../../pkg/dist");

/** A frame without an origin, in the page of its own server. */
const FRAMED = `<!doctype html><link rel="icon" href="data:,"><iframe sandbox="allow-scripts" src="/frame"></iframe>`;
const FRAME = `<!doctype html><script type="module">
  import { createGuard } from "/dist/guard.js";
  globalThis.createGuard = createGuard;
</script>`;

let server: Server;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

before(async () => {
  server = createServer(async ({ url = "/" }, response) => {
    for (const name of ["origin", "headers", "methods"]) response.setHeader(`access-control-allow-${name}`, "*");
    response.setHeader("content-type", url.startsWith("/dist/") ? "text/javascript" : "text/html");
    if (url === "/") return response.end(FRAMED);
    if (url === "/frame") return response.end(FRAME);
    if (url.startsWith("/rest/")) return response.setHeader("content-type", "application/json").end("[]");
    const file = await readFile(join(dist, url.slice(6))).catch(() => null);
    return file ? response.end(file) : response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
  complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
});

afterEach(async () => {
  await context.close();
  assert.deepEqual(complaints, []);
});

const address = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

test("a sandboxed frame, which has no origin, has its whole quota at once", async () => {
  await page.goto(address("/"));
  const frame = page.frames()[1];
  assert.ok(frame);
  await frame.waitForFunction(() => "createGuard" in window);
  const ends = await frame.evaluate(async (rest) => {
    const guard = window.createGuard({ cache: true, offline: true, limits: { maxWait: 1_000, reads: { limit: 50 } } });
    await (await guard.fetch(rest)).text();
    await new Promise((go) => setTimeout(go, 500));
    const reads = Array.from({ length: 40 }, (_, place) => guard.fetch(`${rest}?id=eq.${place}`).then((response) => response.status, String));
    return [...new Set(await Promise.all(reads))];
  }, address("/rest/v1/rooms"));
  assert.deepEqual(ends, [200]);
});

test("where IndexedDB never opens, a write is sent all the same, and queued in memory", async () => {
  await page.goto(address("/frame"));
  await page.waitForFunction(() => "createGuard" in window);
  await page.evaluate(async () => {
    // Whoever opens it waits for its deletion, which waits for this connection.
    const holding = indexedDB.open("seawall-outbox");
    await new Promise((go) => (holding.onsuccess = go));
    indexedDB.deleteDatabase("seawall-outbox");
    Reflect.set(window, "holding", holding.result);
    window.guard = window.createGuard({ offline: true });
  });
  const sent = await page.evaluate(async () => (await window.guard.fetch("/rest/v1/rooms", { method: "DELETE" })).status);
  assert.equal(sent, 200);
  await context.setOffline(true);
  const headers = { authorization: "Bearer a.e30.c" };
  const queued = await page.evaluate(async (given) => {
    const response = await window.guard.fetch("/rest/v1/rooms?id=eq.1", { method: "DELETE", headers: given });
    return response.headers.get("x-seawall-offline");
  }, headers);
  assert.equal(queued, "queued; id=1; fleeting");
});

test("guards that are closed as soon as they were made leave no lock behind", async () => {
  await page.goto(address("/frame"));
  await page.waitForFunction(() => "createGuard" in window);
  const held = await page.evaluate(async () => {
    for (let made = 0; made < 10; made += 1) window.createGuard({}).close();
    const guard = window.createGuard({});
    await (await guard.fetch("/rest/v1/rooms", { headers: { authorization: "Bearer a" } })).text();
    await new Promise((go) => setTimeout(go, 500));
    const { held: locks = [] } = await navigator.locks.query();
    return locks.map(({ name = "" }) => name.replace(/[\d.e-]+$/, "")).sort();
  });
  // The limits' keeper, and that it is there.
  assert.deepEqual(held, ["seawall:tabs", "seawall:tabs:"]);
});

test("a part that never comes takes at most half of a call's time, and is done without", async () => {
  await page.route("**/dist/cache.js", () => {});
  await page.goto(address("/frame"));
  await page.waitForFunction(() => "createGuard" in window);
  const read = (options: object, patience?: number): Promise<string> =>
    page.evaluate(
      async ([given, leave]) => {
        const guard = window.createGuard({ cache: true, ...given });
        const signal = leave === undefined ? null : AbortSignal.timeout(leave);
        const started = performance.now();
        const end = await guard.fetch("/rest/v1/rooms", { signal }).then(({ status }) => status, ({ name }) => name);
        return `${end} ${performance.now() - started < 4_000 ? "soon" : "after a while"}`;
      },
      [options, patience] as const,
    );
  assert.equal(await read({}, 50), "TimeoutError soon");
  assert.equal(await read({ timeout: 300 }), "200 soon");
  assert.equal(await read({ deadline: 1_000 }), "200 soon");
  assert.equal(await read({}), "200 after a while");
});
