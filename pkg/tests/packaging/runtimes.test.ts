/** T9, outside browsers: Node in both module systems, Deno, an edge runtime. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { command, holds, node, PROJECT } from "./application.js";
import { startProgram } from "./program.js";

describe("T9 the packed package, without configuration", () => {
  test("is what is installed", () => {
    assert.ok(existsSync(join(PROJECT, "node_modules/seawall/dist/guard.js")));
    assert.ok(!existsSync(join(PROJECT, "node_modules/seawall/src")));
  });

  test("Node, as an ES module", () => holds("memory", async ({ url }) => JSON.parse(await node(["node/main.mjs", url]))));

  test("Node, as CommonJS", () => holds("memory", async ({ url }) => JSON.parse(await node(["node/main.cjs", url]))));

  test("Deno, types checked", () =>
    holds("memory", async ({ url }) => JSON.parse(await command("deno", ["run", "--check", "--allow-net", "--allow-env", "--allow-read", "deno/main.ts", url]))));

  test("workerd, where nothing is compiled at run time", async () => {
    await command("esbuild", ["main.js", "--bundle", "--format=esm", "--conditions=workerd,worker,browser", "--outfile=bundle.js"], {
      folder: "workerd",
    });
    const workerd = await startProgram("workerd", ["serve", "config.capnp", "--control-fd=1"], "workerd", /"port":(\d+)/);
    try {
      await holds("memory", async ({ url }) => {
        const answer = await fetch(`http://127.0.0.1:${workerd.port}/?backend=${encodeURIComponent(url)}`);
        assert.equal(answer.status, 200, `${await answer.clone().text()}\n${workerd.log()}`);
        return answer.json();
      });
    } finally {
      await workerd.stop();
    }
  });
});
