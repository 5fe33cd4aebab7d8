/** The package as it is imported: ESM and CommonJS, with and without supabase-js, lazily loaded parts. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import * as esm from "seawall";
import * as guardOnly from "seawall/guard";

const require = createRequire(import.meta.url);
const ROOT = process.cwd();

describe("entries", () => {
  test("ESM and CommonJS give the same names", () => {
    const cjs = require("seawall") as Record<string, unknown>;
    const names = (module: object): string[] => Object.keys(module).filter((name) => name !== "default").sort();
    assert.deepEqual(names(cjs), names(esm));
    assert.deepEqual(names(require("seawall/guard")), names(guardOnly));
    assert.deepEqual(names(guardOnly), names(esm).filter((name) => name !== "createProtectedClient"));
  });

  test("CommonJS guards", async () => {
    const { createGuard } = require("seawall") as typeof esm;
    const guard = createGuard({ retry: { attempts: 1 } }, { fetch: async () => Response.json([1]) });
    assert.deepEqual(await (await guard.fetch("http://x.example.test/rest/v1/t")).json(), [1]);
    guard.close();
  });

  test("the second module loads when asked for, in both", async () => {
    for (const { createGuard } of [esm, require("seawall") as typeof esm]) {
      const guard = createGuard();
      assert.deepEqual(await guard.stored(), []);
      guard.close();
    }
  });

  test("the guard's file imports nothing but its own other parts", async () => {
    const text = await readFile(join(ROOT, "dist", "guard.js"), "utf8");
    assert.doesNotMatch(text, /\bfrom"/);
    const own = ["cache", "messages", "metrics", "refresh", "rest", "shape", "store"].map((name) => `import("./${name}.js")`);
    assert.deepEqual(text.match(/\bimport\("[^"]*"\)/g)?.sort(), own);
  });

  test("the page's bundle takes supabase-js from the application", async () => {
    const text = await readFile(join(ROOT, "dist", "index.js"), "utf8");
    assert.match(text, /from"@supabase\/supabase-js"/);
    assert.match(text, /from"\.\/guard\.js"/);
  });
});

describe("without supabase-js", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "seawall-entries-"));
    const target = join(folder, "node_modules", "seawall");
    await cp(join(ROOT, "dist"), join(target, "dist"), { recursive: true });
    await cp(join(ROOT, "package.json"), join(target, "package.json"));
  });
  after(() => rm(folder, { recursive: true }));

  function run(kind: "module" | "commonjs", script: string): string {
    return execFileSync(process.execPath, [`--input-type=${kind}`, "-e", script], { cwd: folder, encoding: "utf8" }).trim();
  }

  const attempt = `const guard = createGuard(); guard.close();
    try { createProtectedClient("http://x.example.test", "key") } catch (error) { console.log(error.message) }`;

  test("the package still loads, and says what a client needs", () => {
    const expected = "createProtectedClient() needs @supabase/supabase-js installed";
    assert.equal(run("module", `import { createGuard, createProtectedClient } from "seawall"; ${attempt}`), expected);
    assert.equal(run("commonjs", `const { createGuard, createProtectedClient } = require("seawall"); ${attempt}`), expected);
  });
});
