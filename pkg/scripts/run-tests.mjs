/** Bundles tests (Node 20 runs no TypeScript) beside the built package and runs them with node:test. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs the `*.test.ts` of a folder, all or those whose name contains one of `wanted`; gives the exit status. */
export async function runTests(folder, wanted, { env = {}, flags = [] } = {}) {
  if (!existsSync(join(root, "dist", "guard.js"))) {
    console.error("pkg/dist is missing: run `npm run build -w pkg` first");
    return 1;
  }
  const all = (await readdir(join(root, folder))).filter((file) => file.endsWith(".test.ts"));
  const chosen = runnable(wanted.length === 0 ? all : all.filter((file) => wanted.some((part) => file.includes(part))));
  const out = join(root, "dist", folder);
  await rm(out, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: chosen.map((file) => join(folder, file)),
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
  const words = ["--enable-source-maps", "--test", "--test-reporter=spec", ...flags, ...files];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  return status ?? 1;
}

/** A build without twins is for working on something else; `cargo xtask build` and `npm test` make them. */
function runnable(files) {
  if (existsSync(join(root, "dist", "js"))) return files;
  console.warn("dist/js was not built: the twin's tests are left out");
  return files.filter((file) => file !== "twin.test.ts");
}
