/**
 * Bundles entries with the modules' twins in plain JavaScript where the others hold WebAssembly.
 *
 * The sources are the same: what imports a module's bytes gets no bytes, and what compiles and instantiates them
 * gets the function that wasm2js made instead. `cargo xtask build` makes the twins; those made from another module
 * than the one that is shipped are left out, lest the two decide differently.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Bytes that a twin may grow by without moving: more than one call allocates. */
const ROOM = 4 * 1024 * 1024;

/** Whether every module has a twin that was made from it. */
export async function twinsAreCurrent(generated, modules) {
  const current = await Promise.all(
    modules.map(async (name) => {
      const source = join(generated, `${name}-js`, "source.wasm");
      if (!existsSync(source)) return false;
      const [made, shipped] = await Promise.all([readFile(source), readFile(join(generated, name, `${name}_bg.wasm`))]);
      return made.equals(shipped);
    }),
  );
  return current.every(Boolean);
}

/** In the place of `src/module.ts`: a twin is whole, and nothing joins it. */
const WHOLE = `import { initSync } from "../generated/guard/guard.js";
let module;
export const openModule = () => (module ??= initSync({ module: "" }));
export const joinModule = () => {};`;

/** For esbuild: `WebAssembly` as the glue uses it, made of a twin. */
export function twinPlugin() {
  return {
    name: "twin",
    setup(bundler) {
      Object.assign((bundler.initialOptions.define ??= {}), {
        "WebAssembly.Module": "TwinModule",
        "WebAssembly.Instance": "TwinInstance",
      });
      bundler.onLoad({ filter: /\.wasm$/ }, () => ({ contents: 'export default "";', loader: "js" }));
      bundler.onResolve({ filter: /\/generated\/(guard|store|shape)\/(guard|store|shape)\.js$/ }, ({ path, resolveDir }) => ({
        path: join(resolveDir, `${dirname(path)}-js`, basename(path)),
      }));
      bundler.onLoad({ filter: /\/src\/module\.ts$/ }, () => ({ contents: WHOLE, loader: "js" }));
      bundler.onLoad({ filter: /\/src\/core\.ts$/ }, async ({ path }) => ({ contents: comparing(await readFile(path, "utf8")), loader: "ts" }));
      bundler.onLoad({ filter: /-js\/\w+\.js$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        return { contents: path.endsWith("_twin.js") ? translated(text) : withTwin(text, path), loader: "js" };
      });
    },
  };
}

/** The glue, with the two constructors that it calls. */
function withTwin(glue, path) {
  return `import instantiate from ${JSON.stringify(path.replace(/\.js$/, "_twin.js"))};
class TwinModule {}
class TwinInstance { constructor(_module, imports) { this.exports = instantiate(imports); } }
${withoutIntrinsics(watchingMemory(glue))}`;
}

/**
 * Memory that grows is another buffer. WebAssembly's own empties the old one, which the glue notices; a twin's stays as
 * it was, and not every runtime can empty it by hand, so the glue has to compare.
 */
function watchingMemory(glue) {
  return glue
    .replace(/(cached\w+)\.byteLength === 0/g, "$1.buffer !== wasm.memory.buffer")
    .replace(/(cached\w+)\.buffer\.detached === true \|\| \(.*?\)/g, "$1.buffer !== wasm.memory.buffer");
}

/**
 * wasm-bindgen leaves one intrinsic in a module without reference types: where the slots begin that may be freed.
 * The glue's own heap reserves 1,028.
 */
function withoutIntrinsics(glue) {
  return glue.replace(
    /import \* as (\w+) from "__wbindgen_externref_xform__";?/,
    (_line, name) => `const ${name} = { __wbindgen_externref_statics_end: () => ${firstFreeSlot(glue)} };`,
  );
}

/** The same in the core's own view of its numbers. */
function comparing(core) {
  return core.replace(matched(core, /numbers\.length === 0/)[0], "numbers.buffer !== call.memory.buffer");
}

function firstFreeSlot(glue) {
  const [, undefineds] = matched(glue, /let heap = new Array\((\d+)\)\.fill\(undefined\);/);
  const [, values] = matched(glue, /heap\.push\((undefined, null, true, false)\);/);
  return Number(undefineds) + values.split(",").length;
}

/**
 * wasm2js's file as a module whose default export instantiates.
 *
 * wasm2js moves to a larger buffer wherever an allocation asks for more, and code that is minified once more by an
 * application's bundler may then write into the old one: SWC turns `at = allocate(8), heap[at] = 1` into
 * `heap[at = allocate(8)] = 1`, which takes hold of `heap` before it moves. So there is always room to grow without
 * moving, and it is made where nothing runs: before a call from outside.
 */
function translated(text) {
  const [, moving] = matched(text, /(var newBuffer = [\s\S]*?bufferView = HEAPU8;)/);
  const room = `
    var pages = buffer.byteLength >> 16;
    function __wasm_memory_size() { return pages; }
    function __wasm_memory_grow(added) {
      var before = pages, after = before + (added | 0);
      if (after < before || after > 65535) return -1;
      if (after * 65536 > buffer.byteLength) move(after);
      pages = after;
      return before;
    }
    function move(newPages) { ${moving.replace("newPages << 16", `newPages * 65536 + ${ROOM}`)} }
    function room() { if (buffer.byteLength - pages * 65536 < ${ROOM / 2}) move(pages); }`;
  const body = text
    .replace(/^import .*$/gm, "")
    .replace(matched(text, /function __wasm_memory_size\(\) \{[\s\S]*?\}\s*function __wasm_memory_grow\(pagesToAdd\) \{[\s\S]*?return oldPages;\s*\}/)[0], room)
    .replace(matched(text, /return \{\s*"memory": /)[0], 'return { room: room, "memory": ')
    .replace(matched(text, /\bvar retasmFunc = [\s\S]*$/)[0], "");
  return `${body}
export default function instantiate(imports) {
  const { room, ...exports } = asmFunc(imports);
  let depth = 0;
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value !== "function") continue;
    exports[name] = (...given) => {
      if (depth === 0) room();
      depth += 1;
      try {
        return value(...given);
      } finally {
        depth -= 1;
      }
    };
  }
  return exports;
}`;
}

function matched(text, pattern) {
  const found = text.match(pattern);
  if (!found) throw new Error(`${pattern} is no longer what is generated: see scripts/twin.mjs`);
  return found;
}
