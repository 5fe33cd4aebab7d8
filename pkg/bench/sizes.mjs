/** What each entry weighs on the wire, and what its peers weigh: bundled, minified, compressed. */

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Everything a peer offers is kept: what an application does not use of it is not guessed at. */
const PEERS = {
  cockatiel: ["cockatiel"],
  opossum: ["opossum"],
  "p-queue": ["p-queue"],
  "TanStack query-core": ["@tanstack/query-core"],
  "TanStack query-core + persister + idb-keyval": ["@tanstack/query-core", "@tanstack/query-persist-client-core", "idb-keyval"],
  ky: ["ky"],
  "cockatiel + p-queue + TanStack with persister + ky": [
    "cockatiel",
    "p-queue",
    "@tanstack/query-core",
    "@tanstack/query-persist-client-core",
    "idb-keyval",
    "ky",
  ],
  "supabase-js": ["@supabase/supabase-js"],
};

/** What a page loads before its first guarded call. */
const FIRST = ["guard.js"];
/**
 * And everything that any option or method of the guard may load later. Left out is what is an entry of its own and asked
 * for by name: the dashboard, React, testing; and the twins, which are there in the place of these.
 */
const ALL = ["guard.js", "index.js", "rest.js", "store.js", "shape.js", "cache.js", "refresh.js", "metrics.js", "messages.js"];

export async function run() {
  const own = [];
  for (const file of await entries()) own.push(...(await rows(file, "seawall", [file])));
  own.push(...(await rows("before the first guarded call", "seawall", FIRST)));
  own.push(...(await rows("everything, lazily loaded parts included", "seawall", ALL)));
  const theirs = await Promise.all(Object.entries(PEERS).map(async ([peer, names]) => weighed("bytes", peer, [await bundled(names)])));
  return [...own, ...theirs.flat()];
}

/** The files of dist/ that are for pages. */
async function entries() {
  const files = (await readdir(join(root, "dist"))).filter((file) => file.endsWith(".js"));
  const twins = existsSync(join(root, "dist/js")) ? (await readdir(join(root, "dist/js"))).map((file) => `js/${file}`) : [];
  return [...files.filter((file) => file !== "node.js"), ...twins].sort();
}

async function rows(name, peer, files) {
  return weighed(name, peer, await Promise.all(files.map((file) => readFile(join(root, "dist", file)))));
}

/** Files are compressed one by one, as they are served. */
function weighed(name, peer, parts) {
  const sum = (size) => parts.reduce((total, part) => total + size(part), 0);
  return [
    { name, peer, value: sum((part) => brotliCompressSync(part).length), unit: "bytes brotli" },
    { name, peer, value: sum((part) => gzipSync(part, { level: 9 }).length), unit: "bytes gzip" },
  ];
}

async function bundled(names) {
  const lines = names.map((name, index) => `export * as peer${index} from ${JSON.stringify(name)};`);
  const { outputFiles } = await build({
    stdin: { contents: lines.join("\n"), resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  return outputFiles[0].contents;
}
