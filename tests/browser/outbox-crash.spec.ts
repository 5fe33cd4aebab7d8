/**
 * Tabs and browsers killed at random moments, while they write, store, send or wait: nothing that was acknowledged is
 * lost, nothing is done twice, and no change to a row overtakes another.
 *
 * `SEAWALL_CRASHES=1000 SEAWALL_SEED=7 node --import tsx --test browser/outbox-crash.spec.ts` goes on for longer.
 */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

import { type Gateway, startGateway, type Way } from "./outbox/gateway.ts";
import { drained, type Harbour, type LogLine, logged, openPage, sessionOf } from "./outbox/harbour.ts";
import { type Stack, startStack } from "./stack.ts";
import { FLAGS, launch } from "./visit.ts";

declare const window: Harbour & typeof globalThis & { acknowledge(body: string, version: number): void };

/** Workers ended; of real tabs, which cost a second each to open, it is a tenth. */
const CRASHES = Number(process.env["SEAWALL_CRASHES"] ?? 80);
const TABS = Math.ceil(CRASHES / 10);
const SEED = Number(process.env["SEAWALL_SEED"] ?? Date.now() % 1_000_000);

let stack: Stack;
let gateway: Gateway;
let browser: Browser;

before(async () => {
  stack = await startStack({
    scripts: join(import.meta.dirname, "outbox/database"),
    env: { SEAWALL_RATE_LIMITS: "false" },
  });
  gateway = await startGateway(stack.url);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await gateway?.close();
  await stack?.stop();
});

/** Mulberry32: the same crashes for the same seed, as far as a browser allows. */
function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What each page was told: the highest version acknowledged, by the note's body. */
type Acknowledged = Map<string, number>;

async function listening(context: BrowserContext): Promise<Acknowledged> {
  const acknowledged: Acknowledged = new Map();
  await context.exposeFunction("acknowledge", (body: string, version: number) => {
    acknowledged.set(body, Math.max(version, acknowledged.get(body) ?? 0));
  });
  return acknowledged;
}

/** Writes on and on: notes with a key of the page's own and two changes each, and notes whose key the guard makes. */
function writeOn(page: Page, round: string): void {
  page
    .evaluate(async (round) => {
      for (let note = 0; note < 20; note += 1) {
        const body = `${round}, note ${note}`;
        const own = note % 3 === 2 ? {} : { id: crypto.randomUUID() };
        const { status } = await window.client.from("notes").insert({ ...own, body, version: 0 });
        if (status >= 200 && status < 300) window.acknowledge(body, 0);
        for (let version = 1; version <= 2 && own.id; version += 1) {
          const changed = await window.client.from("notes").update({ version }).eq("id", own.id);
          if (changed.status >= 200 && changed.status < 300) window.acknowledge(body, version);
        }
      }
    }, round)
    // The page is killed before it ends.
    .catch(() => {});
}

async function kill(page: Page, how: number): Promise<void> {
  if (how < 0.6) return page.close();
  const session = await page.context().newCDPSession(page);
  const gone = page.waitForEvent("crash", { timeout: 2_000 }).catch(() => {});
  session.send("Page.crash").catch(() => {});
  await gone;
  await page.close();
}

/** Counts what really happened, in PostgreSQL. */
function check(lines: readonly LogLine[], acknowledged: Acknowledged): void {
  const byBody = new Map<string, LogLine[]>();
  for (const line of lines) byBody.set(line.body, [...(byBody.get(line.body) ?? []), line]);
  for (const [body, version] of acknowledged) {
    const story = byBody.get(body) ?? [];
    assert.equal(story.filter(({ act }) => act === "insert").length, 1, `"${body}" is there once: ${told(story)}`);
    assert.ok((story.at(-1)?.version ?? -1) >= version, `"${body}" has the change that was acknowledged: ${told(story)}`);
  }
  for (const [body, story] of byBody) {
    const inserts = story.filter(({ act }) => act === "insert");
    assert.ok(inserts.length <= 1, `"${body}" is there once: ${told(story)}`);
    const versions = story.map(({ version }) => version);
    assert.deepEqual(versions, [...new Set(versions)].sort(), `"${body}" changed in order: ${told(story)}`);
  }
}

function told(story: readonly LogLine[]): string {
  return story.map(({ act, version }) => `${act} ${version}`).join(", ");
}

describe("T12 crashes", () => {
  test(`${CRASHES} workers ended at random moments lose nothing and do nothing twice (seed ${SEED})`, { timeout: 3_600_000 }, async (t) => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    const mark = `ended ${SEED}`;
    const { access_token: token } = JSON.parse(await sessionOf(gateway.url, "owner")) as { access_token: string };
    const random = randomness(SEED);
    const crashes = Array.from({ length: CRASHES }, (_, crash) => ({
      round: `${mark}/${crash}`,
      ways: [0, 1].map(() => ["open", "closed", "losing"][Math.floor(random() * 3)] ?? "open"),
      pauses: [random() * 100, random() * 100],
    }));
    const heard = await page.evaluate(
      async ({ token, crashes }) => {
        const heard: [string, number][] = [];
        const { anonKey: key } = (await (await fetch("/dev/config")).json()) as { anonKey: string };
        // Two at a time, so that one is ended while the other one goes on.
        const lines = [0, 1].map(async (line) => {
          for (const { round, ways, pauses } of crashes.filter((_, place) => place % 2 === line)) {
            const worker = new Worker("/worker.js");
            const awake = new Promise((resolve) => {
              worker.onmessage = ({ data }) => {
                heard.push(data as [string, number]);
                resolve(undefined);
              };
            });
            worker.postMessage({ key, token, round });
            // A worker that finds the way closed and the lane held may take its time to store the first.
            await Promise.race([awake, new Promise((resolve) => setTimeout(resolve, 1_000))]);
            for (const [place, way] of ways.entries()) {
              await fetch(`/way/${way}`);
              await new Promise((resolve) => setTimeout(resolve, pauses[place]));
            }
            worker.terminate();
          }
        });
        await Promise.all(lines);
        return heard;
      },
      { token, crashes },
    );
    gateway.way = "open";
    assert.deepEqual(await drained(page, 120_000), []);
    const acknowledged: Acknowledged = new Map();
    for (const [body, version] of heard) acknowledged.set(body, Math.max(version, acknowledged.get(body) ?? 0));
    const lines = (await logged(stack.url)).filter(({ body }) => body?.startsWith(mark));
    check(lines, acknowledged);
    t.diagnostic(`${acknowledged.size} notes acknowledged, ${lines.length} changes in the database, ${gateway.passed.length} writes sent`);
    assert.ok(acknowledged.size >= CRASHES / 2, "the workers lived long enough to write");
    await context.close();
  });

  test(`${TABS} tabs killed at random moments lose nothing and do nothing twice (seed ${SEED})`, { timeout: 3_600_000 }, async (t) => {
    const random = randomness(SEED);
    const pick = <T>(...choices: [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0];
    const context = await browser.newContext();
    const acknowledged = await listening(context);
    const mark = `crash ${SEED}`;
    for (let crash = 0; crash < TABS; crash += 1) {
      const page = await openPage(context, gateway.url, "owner");
      gateway.way = pick<Way>("open", "closed", "closed", "losing");
      writeOn(page, `${mark}/${crash}`);
      await sleep(random() * 120);
      gateway.way = pick<Way>("open", "open", "closed", "losing");
      await sleep(random() * 120);
      await kill(page, random());
    }
    gateway.way = "open";
    const last = await openPage(context, gateway.url, "owner");
    assert.deepEqual(await drained(last, 120_000), []);
    const lines = (await logged(stack.url)).filter(({ body }) => body?.startsWith(mark));
    check(lines, acknowledged);
    t.diagnostic(`${acknowledged.size} notes acknowledged, ${lines.length} changes in the database, ${gateway.passed.length} writes sent`);
    assert.ok(acknowledged.size >= TABS / 2, "the pages lived long enough to write");
    await context.close();
  });

  test("a browser killed with SIGKILL finds its writes when it is opened again", async () => {
    const profile = await mkdtemp(join(tmpdir(), "seawall-profile-"));
    const open = (): Promise<BrowserContext> =>
      chromium.launchPersistentContext(profile, {
        executablePath: process.env["SEAWALL_CHROMIUM"] ?? "/usr/bin/chromium",
        args: FLAGS,
      });
    try {
      for (let round = 0; round < 2; round += 1) {
        const killed = await open();
        const acknowledged = await listening(killed);
        const pages = await Promise.all([0, 1, 2].map(() => openPage(killed, gateway.url, "owner")));
        gateway.way = "closed";
        for (const [place, page] of pages.entries()) writeOn(page, `killed ${SEED}/${round}, tab ${place}`);
        while (acknowledged.size < 6) await sleep(5);
        const closed = killed.waitForEvent("close");
        process.kill(await browserProcess(profile), "SIGKILL");
        await closed;

        gateway.way = "open";
        const again = await open();
        const page = await openPage(again, gateway.url, "owner");
        assert.deepEqual(await drained(page), []);
        const lines = (await logged(stack.url)).filter(({ body }) => body?.startsWith(`killed ${SEED}/${round}`));
        check(lines, acknowledged);
        await again.close();
      }
    } finally {
      await rm(profile, { recursive: true, force: true });
    }
  });
});

/** The browser's own process, which all others of this profile are children of. */
async function browserProcess(profile: string): Promise<number> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const words = (await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith("--type="))) return Number(entry);
  }
  throw new Error("the browser's process is not there");
}
