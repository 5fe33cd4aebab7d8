/** T9 and C14 in browsers: what each bundler makes of the package, in each engine, and pages without a bundler. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { command, holds, node, type Place, PROJECT, reportOf } from "./application.js";
import { type Browser, BROWSERS, startBrowser } from "./browsers.js";
import { startSite } from "./site.js";

/** No 'wasm-unsafe-eval': WebAssembly may not be compiled. */
const STRICT = { "content-security-policy": "default-src 'none'; script-src 'self'; connect-src http://127.0.0.1:*" };

interface Page {
  title: string;
  /** Its address on the site, whose root is the project. */
  path: string;
  place?: Place;
  headers?: Record<string, string>;
}

const PAGES: Page[] = [
  { title: "a page without a bundler", path: "/plain/" },
  { title: "Vite's production build", path: "/vite/dist/" },
  { title: "webpack's build", path: "/webpack/" },
  { title: "a page that may not compile WebAssembly", path: "/vite-csp/dist/", headers: STRICT },
  { title: "a dedicated worker", path: "/workers/dist/?kind=dedicated", place: "memory" },
  { title: "a shared worker", path: "/workers/dist/?kind=shared", place: "memory" },
  { title: "a service worker", path: "/workers/dist/?kind=service", place: "memory" },
];

before(async () => {
  for (const folder of ["vite", "vite-csp", "unguarded", "workers"]) await command("vite", ["build", "--base=./", "--logLevel=warn"], { folder });
  await bundleWithWebpack();
  // The worker of an origin is an application of its own: a bundler is asked for one file.
  await command("esbuild", ["service-worker.js", "--bundle", "--minify", "--outfile=dist/service-worker.js"], { folder: "workers" });
});

for (const name of BROWSERS) {
  describe(`T9 in ${name}`, () => {
    let browser: Browser;
    before(async () => {
      browser = await startBrowser(name);
    });
    after(() => browser?.close());

    for (const { title, path, place = "local", headers } of PAGES) {
      test(title, () =>
        holds(
          place,
          async (site) => {
            const address = new URL(path, site.url);
            address.searchParams.set("backend", site.url);
            await browser.open(address.href);
            return reportOf(site);
          },
          { folder: PROJECT, ...(headers && { headers }) },
        ),
      );
    }

    test("a page where WebAssembly is forbidden and nobody thought of it calls unguarded, and hears of it", async () => {
      const site = await startSite({ folder: PROJECT, headers: STRICT });
      try {
        await browser.open(`${site.url}/unguarded/dist/?backend=${encodeURIComponent(site.url)}`);
        assert.deepEqual(await reportOf(site), { calls: "passThrough", statuses: [503, 503, 503] });
      } finally {
        await site.close();
      }
    });
  });
}

async function bundleWithWebpack(): Promise<void> {
  const script = `
    const webpack = require("webpack");
    webpack({ mode: "production" }, (error, stats) => {
      // Warnings about the size of what is built concern no module.
      if (error || stats.hasErrors() || stats.compilation.warnings.some(({ module }) => module)) {
        console.error(error ?? stats.toString());
        process.exit(1);
      }
    });`;
  await node(["--input-type=commonjs", "-e", script], "webpack");
}
