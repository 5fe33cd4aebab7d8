/** The real server over a real PostgreSQL with the example application in it, for one file of tests. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");

export const users = {
  /** An administrator, as far as a page may believe a claim. */
  owner: {
    id: "11111111-1111-4111-8111-111111111111",
    email: "owner@example.test",
    password: "owner-password",
    app_metadata: { role: "admin" },
  },
  guest: { id: "22222222-2222-4222-8222-222222222222", email: "guest@example.test", password: "guest-password" },
  /** Signs in and belongs to no room. */
  stranger: { id: "33333333-3333-4333-8333-333333333333", email: "stranger@example.test", password: "stranger-password" },
};

export type FaultMode = "none" | "fail" | "slow" | "vanish";

export interface Stack {
  url: string;
  fault(mode: FaultMode, latencyMs?: number): Promise<void>;
  /** Takes the whole process away, as a crash would. */
  stop(): Promise<void>;
  /** Ends the process as `kill -9` does. */
  kill(): Promise<void>;
  /** Starts it at the same address once more. */
  again(): Promise<void>;
}

const LOGIN = "seawall_test_login";
const START_LIMIT_MS = 120_000;

/** What a file of tests needs beyond the example application. */
export interface StackOptions {
  /** A folder of SQL scripts, run after the example's own. */
  scripts?: string;
  /** The server's settings. */
  env?: Record<string, string>;
}

export async function startStack({ scripts, env = {} }: StackOptions = {}): Promise<Stack> {
  const owner = required("SEAWALL_TEST_DATABASE_URL");
  const binary = required("SEAWALL_BINARY");
  const login = await prepareDatabase(binary, owner, scripts);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    env: {
      ...process.env,
      DATABASE_URL: login,
      SEAWALL_OWNER_DATABASE_URL: owner,
      SEAWALL_LISTEN: `127.0.0.1:${port}`,
      SEAWALL_STATIC_DIR: process.env["SEAWALL_STATIC_DIR"] ?? join(root, "web-demo/dist"),
      SEAWALL_DEV_AUTH_USERS: JSON.stringify(Object.values(users)),
      SEAWALL_DEV_FAULTS: "true",
      // The people of the example have no plan; what the page's policy says is what holds.
      SEAWALL_DEFAULT_TIER: "enterprise",
      JWT_SECRET: "a secret for tests, long enough to sign with",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
  };
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(binary, ["serve"], settings);
    await ready(url, started, collected(started));
    return started;
  };
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill(signal);
    await once(server, "exit");
  };
  let server = await start();

  return {
    url,
    async fault(mode, latencyMs = 3_000) {
      const body = JSON.stringify({ mode, latencyMs });
      const response = await fetch(`${url}/dev/faults`, { method: "PUT", body, headers: { "content-type": "application/json" } });
      if (!response.ok) throw new Error(`the fault switch answered ${response.status}`);
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    async again() {
      server = await start();
    },
  };
}

/** Applies the example application and a login role whose password only the tests know. */
async function prepareDatabase(binary: string, owner: string, scripts?: string): Promise<string> {
  const password = "seawall-test";
  const before = await mkdtemp(join(tmpdir(), "seawall-before-"));
  const after = await mkdtemp(join(tmpdir(), "seawall-after-"));
  try {
    await writeFile(join(before, "messages.sql"), NO_MESSAGES);
    await writeFile(join(after, "login.sql"), loginRole(password));
    for (const own of [before, join(root, "web-demo/database"), after, ...(scripts ? [scripts] : [])]) {
      await run(binary, ["migrate", "--apply", own], {
        env: { ...process.env, SEAWALL_OWNER_DATABASE_URL: owner, DATABASE_URL: owner },
      });
    }
  } finally {
    for (const folder of [before, after]) await rm(folder, { recursive: true });
  }
  const login = new URL(owner);
  login.username = LOGIN;
  login.password = password;
  return login.href;
}

/** What an earlier file of tests wrote would stand before the example's own messages. */
const NO_MESSAGES = `do $$ begin
    if to_regclass('public.messages') is not null then truncate public.messages cascade; end if;
  end $$;`;

function loginRole(password: string): string {
  return `do $$ begin
    if not exists (select from pg_roles where rolname = '${LOGIN}') then
      create role ${LOGIN} login noinherit password '${password}';
      grant anon, authenticated, service_role to ${LOGIN};
    end if;
  end $$;`;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

async function ready(url: string, server: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + START_LIMIT_MS;
  while (Date.now() < until) {
    if (server.exitCode !== null) break;
    const answer = await fetch(`${url}/ready`).catch(() => null);
    if (answer?.ok) return;
    await sleep(50);
  }
  server.kill("SIGKILL");
  throw new Error(`the server did not become ready:\n${log()}`);
}

function collected(server: ChildProcess): () => string {
  const lines: string[] = [];
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (chunk) => lines.push(String(chunk)));
  return () => lines.join("");
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this through npm test`);
  return value;
}
