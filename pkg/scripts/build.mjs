/**
 * Builds the package into dist/: ESM and CommonJS bundles, type declarations, sizes.
 *
 * Needs pkg/generated/{guard,store,shape}/, which `cargo xtask wasm` makes. The modules are put inside the
 * JavaScript as text, so that no bundler has to know about WebAssembly and nothing is fetched.
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { build, transform } from "esbuild";
import { minify } from "terser";

import { twinPlugin, twinsAreCurrent } from "./twin.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const require = createRequire(import.meta.url);

/** As in src/environment.ts: WebAssembly's most frequent bytes are small numbers, which are control characters. */
const MODULE_SHIFT = 35;

/** The wasm modules by the name of their folder. */
const MODULES = ["guard", "store", "shape"];

/**
 * The entries, and which others each imports from beside itself: guard.js holds everything needed before the first
 * call, index.js and node.js add supabase-js to it, and the others wait to be asked for.
 */
const ENTRIES = {
  guard: ["rest", "store", "shape", "metrics", "refresh", "messages", "cache"],
  rest: ["guard"],
  store: [],
  shape: [],
  metrics: [],
  dashboard: [],
  refresh: ["guard"],
  cache: ["guard"],
  messages: ["guard"],
  testing: [],
  react: ["guard"],
  node: ["guard", "rest"],
  index: ["guard"],
};

/** The entries that hold a module, or import one that does: they have a twin without WebAssembly. */
const TWINS = ["guard", "rest", "store", "shape", "refresh", "messages", "cache", "index"];

/** The most bytes (brotli) that files in dist/ may have: what was reached. Lower them when less is reached. */
const BUDGET = JSON.parse(await readFile(join(root, "scripts", "budget.json"), "utf8"));

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  external: ["@supabase/supabase-js", "node:module", "react"],
  target: "es2022",
  minify: true,
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
};

await requireGenerated();
await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await bundle();
await bundleTwins();
await declarations();
await report();

async function requireGenerated() {
  const missing = MODULES.filter((name) => !existsSync(wasmOf(name)));
  if (missing.length === 0) return;
  console.error(`pkg/generated/${missing.join(", pkg/generated/")} is missing: run \`cargo xtask wasm\` first`);
  process.exit(1);
}

async function bundle() {
  for (const format of ["esm", "cjs"]) {
    for (const [name, beside] of Object.entries(ENTRIES)) {
      if (format === "cjs" && name === "index") continue;
      const extension = format === "esm" ? ".js" : ".cjs";
      const outfile = join(dist, name + extension);
      await build({
        ...COMMON,
        format,
        // For Node, whose import() of CommonJS wants the names of its exports spelt out.
        platform: format === "cjs" ? "node" : "neutral",
        entryPoints: [join("src/entries", `${name}.ts`)],
        outfile,
        define: format === "cjs" ? { "import.meta.url": "__filename" } : {},
        mainFields: ["module", "main"],
        plugins: [siblingPlugin(beside, (sibling) => `./${sibling}${extension}`), inlineWasm(), inlineStyles()],
      });
      // CommonJS stays as it is: Node reads the names of its exports off code that does nothing.
      if (format === "esm") await squeeze(outfile);
    }
  }
}

/** esbuild looks at a statement at a time; what terser sees beyond makes the first file a thirtieth smaller. */
async function squeeze(path) {
  const { code } = await minify(await readFile(path, "utf8"), { ecma: 2022, module: true, compress: { directives: false, ecma: 2022, passes: 3 } });
  await writeFile(path, path.endsWith("guard.js") ? moduleLast(code) : code);
}

/** The first file's module goes to the file's end, where it parts no text from text that compresses with it. */
function moduleLast(code) {
  const texts = code.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g) ?? [];
  const module = texts.reduce((one, other) => (one.length < other.length ? other : one));
  return `${code.replace(module, () => "$module")}var $module=${module};`;
}

/** dist/js/: what may run where WebAssembly may not, with the same names as above. */
async function bundleTwins() {
  if (!(await twinsAreCurrent(join(root, "generated"), MODULES))) {
    console.warn("dist/js is left out: its modules are missing or old; `cargo xtask wasm --twins` makes them");
    return;
  }
  const placed = (sibling) => (TWINS.includes(sibling) ? `./${sibling}.js` : `../${sibling}.js`);
  for (const name of TWINS) {
    await build({
      ...COMMON,
      format: "esm",
      platform: "neutral",
      entryPoints: [join("src/entries", `${name}.ts`)],
      outfile: join(dist, "js", `${name}.js`),
      plugins: [siblingPlugin(ENTRIES[name], placed), twinPlugin()],
    });
  }
}

/** Leaves other entries out of a bundle and imports them from where they are placed. */
function siblingPlugin(beside, placed) {
  return {
    name: "sibling",
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) => {
        if (!importer) return undefined;
        const target = join(dirname(importer), path);
        const found = beside.find((name) => target.endsWith(join("src/entries", `${name}.js`)));
        return found && { path: placed(found), external: true };
      });
      // What the entries share with guard.ts must be one copy: they take it from there.
      if (beside.includes("guard")) {
        bundler.onResolve({ filter: /\/(guard|protect|errors)\.js$/ }, ({ importer }) =>
          importer ? { path: placed("guard"), external: true } : undefined,
        );
      }
    },
  };
}

/**
 * `import text from "….wasm"` becomes a string with one character a byte, moved up as `bytesOf` moves it back.
 *
 * Written in UTF-8 it compresses like the bytes themselves; base64 would cost a third more on the wire.
 */
function inlineWasm() {
  return {
    name: "inline-wasm",
    setup(bundler) {
      bundler.onLoad({ filter: /\.wasm$/ }, async ({ path }) => {
        const bytes = await readFile(path);
        const text = bytes.map((byte) => byte + MODULE_SHIFT).toString("latin1");
        return { contents: `export default ${JSON.stringify(text)};`, loader: "js" };
      });
    },
  };
}

/** `import text from "….css"` becomes the style sheet as a string, without its spaces. */
function inlineStyles() {
  return {
    name: "inline-styles",
    setup(bundler) {
      bundler.onLoad({ filter: /\.css$/ }, async ({ path }) => {
        const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
        return { contents: `export default ${JSON.stringify(code)};`, loader: "js" };
      });
    },
  };
}

/** The same declarations twice: TypeScript tells ESM from CommonJS by the folder they lie in. */
async function declarations() {
  execFileSync(process.execPath, [tsc(), "-p", root], { cwd: root, stdio: "inherit" });
  await cp(join(dist, "types"), join(dist, "types-cjs"), { recursive: true });
  await writeFile(join(dist, "types", "package.json"), '{ "type": "module" }\n');
  await writeFile(join(dist, "types-cjs", "package.json"), '{ "type": "commonjs" }\n');
}

function tsc() {
  const manifest = require.resolve("typescript/package.json");
  return join(dirname(manifest), require(manifest).bin.tsc);
}

async function report() {
  const names = [...Object.keys(ENTRIES), ...TWINS.map((name) => `js/${name}`)];
  const bundles = names.map((name) => join(dist, `${name}.js`));
  const files = [...MODULES.map((name) => wasmOf(name)), wasmOf("guard", "rest"), ...bundles.filter(existsSync)];
  const rows = await Promise.all(files.map(sizes));
  for (const row of rows) console.log(`${row.file.padEnd(34)}${row.raw}${row.gzip}${row.brotli}`);
  const over = rows.filter(({ file, numbers }) => numbers.brotli > budgetOf(file));
  for (const { file, numbers } of over) {
    console.error(`${file} has ${numbers.brotli} bytes (brotli), more than its budget of ${budgetOf(file)}: see scripts/budget.json`);
    process.exitCode = 1;
  }
  await writeFile(join(dist, "sizes.json"), JSON.stringify(rows.map(({ file, numbers }) => ({ file, ...numbers })), null, 2));
}

function budgetOf(file) {
  return (file.startsWith("dist/") && BUDGET[file.slice("dist/".length)]) || Infinity;
}

async function sizes(path) {
  const bytes = await readFile(path);
  const numbers = { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
  const shown = (name) => `${name} ${String(numbers[name]).padEnd(9)}`;
  return { file: path.slice(root.length + 1), numbers, raw: shown("raw"), gzip: shown("gzip"), brotli: shown("brotli") };
}

function wasmOf(name, half = name) {
  return join(root, "generated", name, `${half}_bg.wasm`);
}
