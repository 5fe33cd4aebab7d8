/** What a page loads before its first guarded call (T8), weighed as it is shipped. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";

const entry = fileURLToPath(import.meta.resolve("seawall/guard"));
const dist = dirname(entry);
const budget = JSON.parse(readFileSync(join(dist, "..", "scripts", "budget.json"), "utf8")) as Record<string, number>;

test("T8: one file is all that a first guarded call needs", () => {
  const text = readFileSync(join(dist, "guard.js"), "utf8");
  const statically = text.match(/\bfrom\s*"[^"]+"|\bimport\s*"[^"]+"/g) ?? [];
  assert.deepEqual(statically, [], "it imports nothing but what it asks for later");
});

for (const [file, most] of Object.entries(budget)) {
  test(`T8: ${file} has at most ${most} bytes`, () => {
    const bytes = brotliCompressSync(readFileSync(join(dist, file))).length;
    assert.ok(bytes <= most, `${file} has ${bytes}`);
  });
}
