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
      bundler.onResolve({ filter: /\/generated\/(guard|store)\/(guard|store)\.js$/ }, ({ path, resolveDir }) => ({
        path: join(resolveDir, `${dirname(path)}-js`, basename(path)),
      }));
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
${withoutIntrinsics(glue)}`;
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

function firstFreeSlot(glue) {
  const [, undefineds] = matched(glue, /let heap = new Array\((\d+)\)\.fill\(undefined\);/);
  const [, values] = matched(glue, /heap\.push\((undefined, null, true, false)\);/);
  return Number(undefineds) + values.split(",").length;
}

/**
 * wasm2js's file as a module whose default export instantiates.
 *
 * The glue notices by its length of 0 that memory has moved, as WebAssembly's own memory leaves it behind.
 */
function translated(text) {
  const body = text.replace(/^import .*$/gm, "").replace(/\bvar retasmFunc = [\s\S]*$/, "");
  matched(body, /^\s*buffer = newBuffer;$/m);
  return `${body.replace(/^\s*buffer = newBuffer;$/m, "structuredClone(buffer, { transfer: [buffer] });\nbuffer = newBuffer;")}
export default asmFunc;`;
}

function matched(text, pattern) {
  const found = text.match(pattern);
  if (!found) throw new Error(`${pattern} is no longer what is generated: see scripts/twin.mjs`);
  return found;
}
