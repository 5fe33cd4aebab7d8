/** Runs a benchmark's module inside a page of headless Chromium, bundled as an application bundles it. */

import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];

/** Gives what `run(options)` of each file gives in a page of its own, in the order of the files. */
export async function runInChromium(files, options) {
  const executablePath = process.env.SEAWALL_CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const all = [];
    for (const file of files) all.push(...(await inPage(browser, file, options)));
    return all;
  } finally {
    await browser.close();
  }
}

async function inPage(browser, file, options) {
  const scripts = await bundled(file);
  const server = createServer((request, response) => {
    const script = scripts.get(request.url);
    response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" });
    response.end(script ?? "<!doctype html><meta charset=utf-8><title>A benchmark</title>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    return await page.evaluate(async (given) => (await import("/main.js")).run(given), options);
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

/** The module and what it loads later, by their addresses. */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: { main: join(here, file) },
    outdir: "/",
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}
