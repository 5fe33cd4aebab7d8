/** The entries of the npm package, as its package.json names them: what it exports is what is documented. */

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../../pkg");

/** Each entry's import name and its source; two names for one source (`seawall/js`) are one entry. */
export function entries() {
  const { name, exports } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  const found = new Map();
  for (const [path, conditions] of Object.entries(exports)) {
    const types = typesOf(conditions);
    if (types === undefined) continue;
    const source = join(packageRoot, types.replace(/^\.\/dist\/types\//, "src/").replace(/\.d\.ts$/, ".ts"));
    if (!found.has(source)) found.set(source, name + path.slice(1));
  }
  return [...found].map(([source, name]) => ({ name, source }));
}

function typesOf(conditions) {
  if (typeof conditions === "string") return undefined;
  return typeof conditions.types === "string" ? conditions.types : conditions.types?.default;
}
