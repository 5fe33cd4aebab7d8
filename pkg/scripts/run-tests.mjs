/** Bundles tests (Node 20 runs no TypeScript) beside the built package and runs them with node:test. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { beside18 } from "./react-18.mjs";

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
  await bundled(chosen.map((file) => join(folder, file)), out, 19);
  const files = chosen.map((file) => join(out, file.replace(/\.ts$/, ".mjs")));
  if (folder === "tests" && chosen.includes("react.test.ts")) {
    const beside = await beside18();
    await bundled(["tests/react.test.ts"], beside, 18);
    files.push(join(beside, "react.test.mjs"));
  }
  const words = ["--enable-source-maps", "--test", "--test-reporter=spec", ...flags, ...files];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  return status ?? 1;
}

/** Bundles tests for the React of that version, which they find where they lie. */
async function bundled(entryPoints, outdir, react) {
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    define: { REACT: String(react) },
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
}

/** A build without twins is for working on something else; `cargo xtask build` and `npm test` make them. */
function runnable(files) {
  if (existsSync(join(root, "dist", "js"))) return files;
  console.warn("dist/js was not built: the twin's tests are left out");
  return files.filter((file) => file !== "twin.test.ts");
}
