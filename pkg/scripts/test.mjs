/** Bundles the tests (Node 20 runs no TypeScript) beside the built package and runs them with node:test. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, "dist", "tests");
const wanted = process.argv.slice(2);

if (!existsSync(join(root, "dist", "guard.js"))) {
  console.error("pkg/dist is missing: run `npm run build -w pkg` first");
  process.exit(1);
}
const all = (await readdir(join(root, "tests"))).filter((file) => file.endsWith(".test.ts"));
const chosen = wanted.length === 0 ? all : all.filter((file) => wanted.some((part) => file.includes(part)));
await rm(out, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: chosen.map((file) => join("tests", file)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  // The package itself and supabase-js are what is tested: they stay as users get them.
  packages: "external",
  platform: "node",
  target: "node20",
  format: "esm",
  sourcemap: "inline",
  logLevel: "warning",
});
const files = chosen.map((file) => join(out, file.replace(/\.ts$/, ".mjs")));
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...files], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
