/**
 * postgrest-js's own tests without a guard, with one, and with one that batches: the results must be the same.
 *
 *     node tests/parity/postgrest-js.mjs <checkout>/packages/core/postgrest-js
 *
 * Needs a checkout of supabase-js with the dependencies of its tests installed (jest, ts-jest, typescript, tslib, zod,
 * type-fest), a built package and server, and a PostgreSQL to be named as for the other tests: `cargo xtask database`
 * runs one and says how; whatever is in its schema `public` is lost. Its schema and its data come from the checkout; nothing of it is kept here. Without PostGIS
 * the one column that needs it, and the test that reads it, are left out of all runs alike.
 */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const checkout = resolve(process.argv[2] ?? fail("name the folder of postgrest-js"));
const owner = process.env.SEAWALL_TEST_DATABASE_URL ?? fail("SEAWALL_TEST_DATABASE_URL is not set");
const binary = process.env.SEAWALL_BINARY ?? join(root, "target/debug/seawall");
const password = "postgrest-js";

/** What stands between postgrest-js and the server in each run. */
// The tests make the server fail on purpose, and by far often enough to open a circuit: here it only watches.
const watching = { breaker: { mode: "metricsOnly" } };
const RUNS = { bare: null, guarded: watching, batching: { ...watching, batch: true } };

const folder = await mkdtemp(join(tmpdir(), "seawall-parity-"));
try {
  const results = {};
  for (const [name, options] of Object.entries(RUNS)) results[name] = await run(name, options);
  process.exitCode = compare(results) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(name, options) {
  await prepareDatabase(join(folder, name));
  const port = await freePort();
  const server = spawn(binary, ["serve"], {
    env: {
      ...process.env,
      DATABASE_URL: as("authenticator"),
      SEAWALL_LISTEN: `127.0.0.1:${port}`,
      SEAWALL_RATE_LIMITS: "false",
      SEAWALL_DB_SCHEMAS: "public,personal",
      JWT_SECRET: "a secret for tests, long enough to sign with",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = [];
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk) => log.push(String(chunk)));
  try {
    await ready(`http://127.0.0.1:${port}`, server, log);
    return await jest(name, options, port);
  } finally {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
}

/** The checkout's schema and data in place of whatever the last run left. */
async function prepareDatabase(scripts) {
  const supabase = join(checkout, "test/supabase");
  const migrations = (await readdir(join(supabase, "migrations"))).sort();
  const schema = await Promise.all(migrations.map((file) => readFile(join(supabase, "migrations", file), "utf8")));
  await mkdir(scripts, { recursive: true });
  await writeFile(join(scripts, "1.sql"), `
    drop schema if exists public cascade; create schema public;
    drop schema if exists personal cascade; create schema if not exists extensions;
    do $$ declare name text; begin
      foreach name in array array['anon', 'authenticated', 'service_role', 'authenticator'] loop
        if not exists (select from pg_roles where rolname = name) then execute format('create role %I noinherit', name); end if;
      end loop;
    end $$;
    alter role authenticator login password '${password}'; grant anon to authenticator;`);
  await writeFile(join(scripts, "2.sql"), withoutPostgis(schema.join("\n")));
  await writeFile(join(scripts, "3.sql"), withoutPostgis(await readFile(join(supabase, "seed.sql"), "utf8")));
  await writeFile(join(scripts, "4.sql"), `
    grant usage on schema public, personal to anon;
    grant all on all tables in schema public, personal to anon;
    grant all on all sequences in schema public, personal to anon;
    grant execute on all functions in schema public, personal to anon;`);
  const done = spawnSync(binary, ["migrate", "--apply", scripts], {
    env: { ...process.env, DATABASE_URL: owner, SEAWALL_OWNER_DATABASE_URL: owner },
    encoding: "utf8",
  });
  if (done.status !== 0) fail(`the schema was refused:\n${done.stderr}`);
}

function withoutPostgis(sql) {
  return sql
    .replace(/^.*create extension.*postgis.*$/gim, "")
    .replace(/^,\s*shop_geom.*$/gim, "")
    .replace(/insert into shops[\s\S]*?;[ \t]*$/gim, "");
}

/** Runs the tests; the addresses in them are this server's, through whatever is to be compared. */
async function jest(name, options, port) {
  const report = join(folder, `${name}.json`);
  const setup = join(folder, `${name}.setup.cjs`);
  await writeFile(setup, `
    const real = globalThis.fetch;
    const { createGuard } = require(${JSON.stringify(join(root, "pkg/dist/guard.cjs"))});
    const move = (input) => String(input).replace("http://localhost:54321", "http://127.0.0.1:${port}");
    const send = (input, init) => real(input instanceof Request ? input : move(input), init);
    const options = ${JSON.stringify(options)};
    const plenty = { limit: 10000 };
    const limits = { reads: plenty, writes: plenty, rpc: { limit: 10000 }, auth: plenty };
    globalThis.fetch = options === null ? send : createGuard({ storage: "memory", limits, ...options }, { fetch: send }).fetch;`);
  const config = {
    rootDir: checkout,
    testEnvironment: "node",
    testMatch: ["<rootDir>/test/*.test.ts"],
    setupFiles: [setup],
    testSequencer: "<rootDir>/test/testSequencer.js",
    testTimeout: 30_000,
    transform: { "\\.ts$": ["ts-jest", { diagnostics: false, tsconfig: { target: "es2022", module: "commonjs", esModuleInterop: true, isolatedModules: true } }] },
  };
  const path = join(dirname(createRequire(join(checkout, "package.json")).resolve("jest/package.json")), "bin/jest.js");
  const words = [path, "--ci", "--runInBand", "--forceExit", "--json", `--outputFile=${report}`, "--config", JSON.stringify(config)];
  const child = spawn(process.execPath, ["--experimental-vm-modules", ...words], { cwd: checkout, stdio: ["ignore", "ignore", "pipe"] });
  const errors = [];
  child.stderr.on("data", (chunk) => errors.push(String(chunk)));
  await once(child, "exit");
  if (!existsSync(report)) fail(errors.join(""));
  if (process.env.PARITY_KEEP) await cp(report, join(process.env.PARITY_KEEP, `${name}.json`));
  const { testResults } = JSON.parse(await readFile(report, "utf8"));
  const tests = testResults.flatMap(({ name: file, assertionResults, message }) =>
    assertionResults.length > 0
      ? assertionResults.map(({ fullName, status }) => [`${file.slice(checkout.length + 1)}: ${fullName}`, status])
      : [[`${file.slice(checkout.length + 1)}: ${message.split("\n")[0]}`, "failed"]],
  );
  return new Map(tests);
}

function compare(results) {
  const { bare } = results;
  let alike = bare.size > 0;
  for (const [name, tests] of Object.entries(results)) {
    const passed = [...tests.values()].filter((status) => status === "passed").length;
    console.log(`${name.padEnd(10)} ${passed} of ${tests.size} pass`);
    for (const [test, status] of tests) {
      if (bare.get(test) === status) continue;
      alike = false;
      console.log(`  ${test}: ${bare.get(test)} without, ${status} with`);
    }
  }
  console.log(alike ? "the same results" : "the results differ");
  return alike;
}

async function ready(url, server, log) {
  for (let tries = 0; tries < 600 && server.exitCode === null; tries += 1) {
    if ((await fetch(`${url}/ready`).catch(() => null))?.ok) return;
    await sleep(50);
  }
  fail(`the server did not become ready:\n${log.join("")}`);
}

function as(role) {
  const url = new URL(owner);
  url.username = role;
  url.password = password;
  return url.href;
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

function fail(why) {
  console.error(why);
  process.exit(1);
}
