/** `seawall/react` in a real browser with the real react-dom, in strict mode. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { renderToString } from "react-dom/server";

import { type ReactPage, tree } from "./pages/react.ts";
import { launch } from "./visit.ts";

declare const reactPage: ReactPage;

let server: Server;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[] = [];

before(async () => {
  const rendered = renderToString(tree("harbour"));
  const files = await bundle();
  server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
    const script = files.get(name);
    response.setHeader("content-type", script ? "text/javascript" : "text/html");
    response.end(script ?? htmlOf(name === "rendered" ? rendered : ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await visit("");
});

afterEach(async () => {
  await context.close();
  assert.deepEqual(complaints, []);
});

async function visit(name: string): Promise<void> {
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/${name}`);
}

/** The page's script as an application's bundler makes it, the parts that load later beside it. */
async function bundle(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "pages/react.ts")],
    bundle: true,
    splitting: true,
    format: "esm",
    outdir: "/",
    write: false,
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "warning",
  });
  return new Map(outputFiles.map(({ path, text }) => [path.slice(1), text]));
}

function htmlOf(content: string): string {
  return `<!doctype html><meta charset="utf-8"><title>React</title><link rel="icon" href="data:,">
    <div id="root">${content}</div><script type="module" src="/react.js"></script>`;
}

const rows = (text: string) => page.locator("#rows", { hasText: text }).waitFor();

test("strict mode asks once", async () => {
  await page.evaluate(() => reactPage.show("harbour"));
  await rows("harbour");
  assert.deepEqual(await page.evaluate(() => [reactPage.chaos.requests.length, reactPage.aborted()]), [1, 0]);
});

test("what the server rendered is taken over without complaint", async () => {
  await visit("rendered");
  await page.evaluate(() => reactPage.hydrate());
  await rows("harbour");
  await page.locator("#health", { hasText: "closed, 1 calls" }).waitFor();
});

test("an unmounted component leaves nothing running and nothing to be told", async () => {
  await page.evaluate(() => {
    reactPage.chaos.stall();
    reactPage.show("harbour");
  });
  await page.waitForFunction(() => reactPage.chaos.requests.length === 1);
  await page.evaluate(() => reactPage.leave());
  await page.waitForFunction(() => reactPage.guard.snapshot().calls.inflight === 0);
  assert.equal(await page.evaluate(() => reactPage.guard.breakers.get("rest")?.state), "closed");
});

test("what is hidden while it is asked for is asked again when it is shown", async () => {
  await page.evaluate(() => {
    reactPage.chaos.stall();
    reactPage.show("harbour");
  });
  await page.waitForFunction(() => reactPage.chaos.requests.length === 1);
  await page.evaluate(() => reactPage.hide("harbour"));
  await page.waitForFunction(() => reactPage.guard.snapshot().calls.inflight === 0);
  await page.evaluate(() => {
    reactPage.chaos.calm();
    reactPage.show("harbour");
  });
  await rows("harbour");
});

test("the latest key wins, and another key's rows are not shown under it", async () => {
  await page.evaluate(() => reactPage.show("harbour"));
  await rows("harbour");
  await page.evaluate(() => {
    reactPage.chaos.latency(300, { match: "room=slow" });
    reactPage.show("slow");
  });
  await rows("nothing");
  await page.evaluate(() => reactPage.show("quick"));
  await rows("quick");
  await page.waitForTimeout(400);
  await rows("quick");
  assert.equal(await page.locator("section[data-status]").getAttribute("data-fetching"), "false");
});

test("a failure is told in words, and asked again when the circuit closes", async () => {
  await page.evaluate(() => {
    reactPage.chaos.outage();
    reactPage.show("harbour");
  });
  await page.getByRole("alert").filter({ hasText: "The server cannot be reached." }).waitFor();
  await page.locator("#health", { hasText: "open" }).waitFor();
  await page.getByRole("button", { name: "Again" }).click();
  await page.getByRole("alert").filter({ hasText: "Please try again in" }).waitFor();
  await page.evaluate(() => reactPage.chaos.calm());
  await page.getByRole("button", { name: "Reset" }).click();
  await rows("harbour");
  assert.equal(await page.getByRole("alert").textContent(), "");
});

test("a hundred calls are a few renders", async () => {
  await page.evaluate(() => reactPage.show("harbour"));
  await rows("harbour");
  const renders = await page.evaluate(async () => {
    const before = reactPage.renders();
    for (let call = 0; call < 90; call += 1) {
      await (await reactPage.guard.fetch(`http://project.example.test/rest/v1/t?id=eq.${call}`)).text();
    }
    return reactPage.renders() - before;
  });
  await page.locator("#health", { hasText: "91 calls" }).waitFor();
  // Strict mode renders twice; a slow machine gathers more often.
  assert.ok(renders < 60, `${renders} renders`);
});
