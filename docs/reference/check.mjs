/**
 * Holds that every exported name of every entry says what it is and shows an example, and that the examples compile.
 *
 * An example is the code in a comment's `@example`. It is compiled as a module of its own against the built package,
 * with the names of `setting.d.ts` at hand: what a reader has on the page already.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript";

import { entries, packageRoot } from "./entries.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const examples = join(packageRoot, "dist/examples");

const found = exportsOf(entries());
const complaints = found.flatMap(lacks);
if (complaints.length > 0) {
  console.error(`${complaints.join("\n")}\n\n${complaints.length} of ${found.length} exported names lack something`);
  process.exit(1);
}
compileExamples(found);
console.log(`${found.length} exported names are documented, and their examples compile`);

/** Every exported name once: what an entry exports again belongs to the entry that had it first. */
function exportsOf(all) {
  const config = ts.readConfigFile(join(packageRoot, "tsconfig.json"), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, packageRoot);
  const program = ts.createProgram(all.map(({ source }) => source), { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const seen = new Map();
  // The smallest first, so that `seawall` only has what it adds to `seawall/guard`.
  for (const { name: entry, source } of [...all].sort((a, b) => b.name.length - a.name.length)) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(source));
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      if (!seen.has(symbol)) seen.set(symbol, described(checker, entry, exported.name, symbol));
    }
  }
  return [...seen.values()];
}

function described(checker, entry, name, symbol) {
  const tags = symbol.getJsDocTags(checker).filter((tag) => tag.name === "example");
  return {
    entry,
    name,
    comment: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
    examples: tags.map((tag) => codeOf(ts.displayPartsToString(tag.text))),
  };
}

/** What stands in the fence of an example; undefined when there is none. */
function codeOf(text) {
  return text.match(/```tsx?\n([\s\S]*?)\n```/)?.[1];
}

function lacks({ entry, name, comment, examples: own }) {
  const place = `${entry}: ${name}`;
  if (comment === "") return [`${place} has no comment`];
  if (own.length === 0) return [`${place} has no @example`];
  return own.includes(undefined) ? [`${place} has an @example without a fence of ts`] : [];
}

function compileExamples(all) {
  rmSync(examples, { recursive: true, force: true });
  mkdirSync(examples, { recursive: true });
  // Numbered, since `Totals` and `totals` are one file where case does not count.
  for (const [number, { name, examples: own }] of all.entries()) {
    for (const [index, code] of own.entries()) writeFileSync(join(examples, `${name}-${number}-${index}.tsx`), `${code}\nexport {};\n`);
  }
  writeFileSync(join(examples, "tsconfig.json"), JSON.stringify(settings(), null, 2));
  try {
    execFileSync(process.execPath, [compiler(), "-p", examples], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } catch (error) {
    console.error(error.stdout);
    process.exit(1);
  }
}

/** As an application's: what is strict stays strict, and a name that is made only to be shown may go unused. */
function settings() {
  return {
    compilerOptions: {
      target: "ES2022",
      module: "ESNext",
      moduleResolution: "Bundler",
      lib: ["ES2022", "DOM", "DOM.Iterable"],
      jsx: "react-jsx",
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    },
    include: ["*.tsx", join(here, "setting.d.ts")],
  };
}

/** The compiler that the package itself is built with. */
function compiler() {
  const require = createRequire(join(packageRoot, "package.json"));
  const manifest = require.resolve("typescript/package.json");
  return join(dirname(manifest), require(manifest).bin.tsc);
}
