/** What axe finds wrong with a page. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";

declare const axe: { run(options: RunOptions): Promise<AxeResults> };

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Run from the test's side of the page: the page's own policy forbids scripts from elsewhere. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axePath, "utf8"));
  const { violations, passes } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, "axe looked at the page");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join("; ")}`);
}
