/**
 * The package beside the oldest React that it is for: a folder in which both are installed, as in an application.
 *
 * Everything else is tested with the newest React, and two of them have no room in one `node_modules`. The lock file in
 * the folder pins this one; it is installed when a test first needs it.
 */

import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { npm } from "../tests/packaging/project.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, "tests", "react-18");

/** Installs what is missing, puts the built package beside it, and gives the folder that a test of both is to lie in. */
export async function beside18() {
  if (!(await isInstalled())) npm(folder, "ci", "--prefer-offline");
  const place = join(folder, "node_modules", "seawall");
  await rm(place, { recursive: true, force: true });
  await mkdir(join(place, "dist"), { recursive: true });
  await cp(join(root, "package.json"), join(place, "package.json"));
  const built = (await readdir(join(root, "dist"))).filter((name) => /\.c?js$/.test(name));
  for (const name of built) await cp(join(root, "dist", name), join(place, "dist", name));
  return join(folder, "dist");
}

/** Whether what npm recorded is what the lock file names. */
async function isInstalled() {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const [wanted, present] = await Promise.all([join(folder, "package-lock.json"), record].map(packagesIn));
  return Object.entries(wanted).every(([path, { version }]) => path === "" || present[path]?.version === version);
}

async function packagesIn(lock) {
  return JSON.parse(await readFile(lock, "utf8")).packages;
}
