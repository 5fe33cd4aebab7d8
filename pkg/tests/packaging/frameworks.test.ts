/** T9 where a server renders or serves: Next.js on the server, at its edge and in the browser; Vite's dev server. */

import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { command, holds, PROJECT, reportOf } from "./application.js";
import { type Browser, startBrowser } from "./browsers.js";
import { type Program, startProgram } from "./program.js";

let browser: Browser;
before(async () => {
  browser = await startBrowser("chromium");
});
after(() => browser?.close());

describe("T9 Next.js built by Turbopack, without configuration", () => {
  before(() => command("next", ["build"], { folder: "next" }));
  rendersAndServes("next");

  test("a route in the edge runtime", async () => {
    const next = await startNext("next");
    try {
      await holds("memory", async (site) => {
        const answer = await fetch(address(next, "/edge", site.url));
        assert.equal(answer.status, 200, next.log());
        return answer.json();
      });
    } finally {
      await next.stop();
    }
  });
});

describe("T9 Next.js built by webpack, without configuration", () => {
  before(async () => {
    await cp(join(PROJECT, "next"), join(PROJECT, "next-webpack"), { recursive: true });
    // Next.js 16 itself fails to build any edge route by webpack: it looks for a manifest that it does not write.
    for (const left of ["app/edge", ".next"]) await rm(join(PROJECT, "next-webpack", left), { recursive: true, force: true });
    await command("next", ["build", "--webpack"], { folder: "next-webpack" });
  });
  rendersAndServes("next-webpack");
});

describe("T9 Vite's dev server, without configuration", () => {
  let vite: Program;
  before(async () => {
    vite = await startProgram("vite", ["--port=0"], "vite", /localhost:(\d+)/);
  });
  after(() => vite?.stop());

  test("a page in the browser", () => inBrowser(vite, "/"));
});

function rendersAndServes(folder: string): void {
  test("a page rendered on the server", () =>
    holds("memory", async (site) => {
      const next = await startNext(folder, { BACKEND: site.url });
      try {
        const page = await (await fetch(address(next, "/", site.url))).text();
        const [, result = ""] = page.match(/<pre>&lt;&lt;(.*)&gt;&gt;<\/pre>/) ?? [];
        assert.notEqual(result, "", `${page}\n${next.log()}`);
        return JSON.parse(result.replaceAll("&quot;", '"'));
      } finally {
        await next.stop();
      }
    }));

  test("a client component in the browser", async () => {
    const next = await startNext(folder);
    try {
      await inBrowser(next, "/client");
    } finally {
      await next.stop();
    }
  });
}

function startNext(folder: string, env: Record<string, string> = {}): Promise<Program> {
  return startProgram("next", ["start", "--port=0"], folder, /localhost:(\d+)/, env);
}

function address(program: Program, path: string, backend: string): string {
  return `http://localhost:${program.port}${path}?backend=${encodeURIComponent(backend)}`;
}

async function inBrowser(program: Program, path: string): Promise<void> {
  await holds("local", async (site) => {
    await browser.open(address(program, path, site.url));
    return reportOf(site);
  });
}
