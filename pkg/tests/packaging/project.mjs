/**
 * A throw-away project with the packed package in it, installed as a user installs it.
 *
 * What it needs from elsewhere (bundlers, runtimes, frameworks) is pinned by the lock file beside this one and kept in
 * a cache, by that file's hash; each run links it into a folder of its own. Nothing of the checkout lies above that
 * folder, so that an import which the package does not bring along cannot be found by luck.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, link, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packageRoot = dirname(dirname(here));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "seawall-packaging");

/** What makes it a project of npm's. */
const MANIFESTS = ["package.json", "package-lock.json", ".npmrc"];

/** Makes the project and gives its folder, and the way to remove it. */
export async function makeProject() {
  const brought = await installed();
  const project = await mkdtemp(join(cache, "run-"));
  const remove = () => rm(project, { recursive: true, force: true });
  try {
    await linkTree(join(brought, "node_modules"), join(project, "node_modules"));
    await cp(join(here, "apps"), project, { recursive: true });
    for (const file of MANIFESTS) await cp(join(here, file), join(project, file));
    npm(project, "install", "--prefer-offline", "--no-package-lock", packed(project));
  } catch (error) {
    await remove();
    throw error;
  }
  return { project, remove };
}

/** The lock file's packages, from an earlier run or newly installed; those of other lock files are removed. */
async function installed() {
  const hash = createHash("sha256");
  for (const file of MANIFESTS) hash.update(await readFile(join(here, file)));
  const folder = join(cache, `lock-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, "new-"));
  for (const file of MANIFESTS) await cp(join(here, file), join(fresh, file));
  npm(fresh, "ci", "--prefer-offline");
  for (const name of await readdir(cache)) {
    if (name.startsWith("lock-")) await rm(join(cache, name), { recursive: true, force: true });
  }
  await rename(fresh, folder).catch((error) => {
    if (!existsSync(folder)) throw error;
  });
  return folder;
}

/** The tarball that would be published. */
function packed(project) {
  const answer = npm(packageRoot, "pack", "--json", "--ignore-scripts", "--pack-destination", project);
  const listed = JSON.parse(answer);
  const [{ filename }] = Array.isArray(listed) ? listed : Object.values(listed);
  return join(project, filename);
}

/** Runs npm in a folder that is a project of its own. */
export function npm(folder, ...words) {
  const env = { ...process.env, npm_config_loglevel: "error", npm_config_audit: "false", npm_config_fund: "false" };
  // What npm tells the script that it runs is not meant for another project.
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle)_|^npm_config_(workspace|local_prefix)/.test(name)) delete env[name];
  return execFileSync("npm", words, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

async function linkTree(from, to) {
  await mkdir(to, { recursive: true });
  await Promise.all(
    (await readdir(from, { withFileTypes: true })).map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) await linkTree(source, target);
      else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
      else await link(source, target);
    }),
  );
}
