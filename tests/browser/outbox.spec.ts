/** T12: writes queued without a network survive their tab, their browser and their user's absence. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, beforeEach, describe, test } from "node:test";

import type { Browser, BrowserContext, Page } from "playwright-core";

import { type Gateway, startGateway } from "./outbox/gateway.ts";
import { drained, type Harbour, logged, openPage } from "./outbox/harbour.ts";
import { type Stack, startStack, users } from "./stack.ts";
import { launch } from "./visit.ts";

declare const window: Harbour & typeof globalThis;

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

beforeEach(() => {
  gateway.way = "open";
});

after(async () => {
  await browser?.close();
  await gateway?.close();
  await stack?.stop();
});

/** Makes a note, changes it twice, and tells what supabase-js said each time. */
function write(page: Page, body: string, id: string): Promise<number[]> {
  return page.evaluate(
    async ([body, id]) => {
      const inserted = await window.client.from("notes").insert({ id, body, version: 0 });
      const first = await window.client.from("notes").update({ version: 1 }).eq("id", id);
      const second = await window.client.from("notes").update({ version: 2 }).eq("id", id);
      return [inserted.status, first.status, second.status];
    },
    [body, id] as const,
  );
}

/** What happened to a note, as `insert 0, update 1`. */
async function story(id: string): Promise<string> {
  return (await logged(stack.url)).filter((line) => line.id === id).map(({ act, version }) => `${act} ${version}`).join(", ");
}

/** Waits without a hand in it until nothing is queued. */
async function emptied(page: Page): Promise<void> {
  // Less than a second where nothing else runs: what is shown is that nobody need do anything for it.
  for (let looks = 0; looks < 1200; looks += 1) {
    if ((await page.evaluate(async () => window.guard.offline.list())).length === 0) return;
    await sleep(50);
  }
  throw new Error("the queue does not empty by itself");
}

const WHOLE = "insert 0, update 1, update 2";

/** Three tabs write without a network, which then returns. */
async function doneByThemselves(context: BrowserContext, onReturn?: () => Promise<void>): Promise<void> {
  const pages = await Promise.all([0, 1, 2].map(() => openPage(context, gateway.url, "owner")));
  await context.setOffline(true);
  const ids = Array.from({ length: 10 }, () => randomUUID());
  for (const [place, id] of ids.entries()) await write(pages[place % 3] as Page, "by itself", id);
  gateway.passed.length = 0;
  await onReturn?.();
  await context.setOffline(false);
  await emptied(pages[0] as Page);
  assert.equal(gateway.passed.length, 30, "each is sent once");
  for (const id of ids) assert.equal(await story(id), WHOLE);
}

describe("T12 writes without a network", () => {
  for (const victim of [0, 1, 2]) {
    test(`queued in tab ${victim + 1} of three, that tab killed, are done once and in order by another`, async () => {
      const context = await browser.newContext();
      const pages = await Promise.all([0, 1, 2].map(() => openPage(context, gateway.url, "owner")));
      await context.setOffline(true);
      const ids = pages.map(() => randomUUID());
      for (const [place, page] of pages.entries()) {
        assert.deepEqual(await write(page, `tab ${place}`, ids[place] ?? ""), [202, 202, 202]);
      }
      const [killed, ...others] = [pages[victim], ...pages.filter((_, place) => place !== victim)];
      await killed?.close();
      await context.setOffline(false);
      assert.deepEqual(await drained(others[0] as Page), []);
      for (const id of ids) assert.equal(await story(id), WHOLE);
      await context.close();
    });
  }

  test("are queued also where the first query is made when the network has gone", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    await page.evaluate(async () => {
      const address = "/package/guard.js";
      const { createGuard } = (await import(address)) as { createGuard: (options: object) => unknown };
      Reflect.set(globalThis, "asking", createGuard({ url: location.origin, key: "a key", offline: true, name: "asking" }));
    });
    await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.endsWith("/shape.js")));
    await context.setOffline(true);
    const status = await page.evaluate(async (id) => {
      const { from } = Reflect.get(globalThis, "asking") as typeof window.client;
      return (await from("notes").insert({ id, body: "asked", version: 0 })).status;
    }, randomUUID());
    assert.equal(status, 202);
    await context.close();
  });

  test("are done by themselves when the network returns, by one tab only", async () => {
    const context = await browser.newContext();
    const files = new Set<string>();
    context.on("request", (request) => {
      const [, file] = /\/package\/(.*)$/.exec(request.url()) ?? [];
      if (file) files.add(file);
    });
    await doneByThemselves(context);
    // A tab that still had to load what it says to the others could not, and they would wait for it.
    assert.deepEqual([...files].sort(), ["guard.js", "rest.js", "store.js"]);
    await context.close();
  });

  test("are done by themselves also by tabs whose core had not come when the network went", async () => {
    const context = await browser.newContext();
    await context.route("**/package/rest.js", (route) => route.abort("internetdisconnected"));
    await doneByThemselves(context, () => context.unrouteAll());
    await context.close();
  });

  test("survive a crash of their tab's process and are found by the next page", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    const id = randomUUID();
    gateway.way = "closed";
    await write(page, "crashed", id);
    const session = await context.newCDPSession(page);
    const crashed = new Promise((resolve) => page.once("crash", resolve));
    session.send("Page.crash").catch(() => {});
    await crashed;
    gateway.way = "open";
    const next = await openPage(context, gateway.url, "owner");
    assert.deepEqual(await drained(next), []);
    assert.equal(await story(id), WHOLE);
    await context.close();
  });

  test("later ones queue behind, also when the network is back", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    const id = randomUUID();
    gateway.way = "closed";
    const statuses = await write(page, "behind", id);
    assert.deepEqual(statuses, [202, 202, 202]);
    const third = await page.evaluate(async (id) => {
      const answer = window.client.from("notes").update({ version: 3 }).eq("id", id);
      return (await answer).status;
    }, id);
    assert.equal(third, 202);
    gateway.way = "open";
    assert.deepEqual(await drained(page), []);
    assert.equal(await story(id), `${WHOLE}, update 3`);
    await context.close();
  });

  test("an insert whose answer was lost is there once, under the key the page made", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    gateway.way = "losing";
    const body = `lost ${randomUUID()}`;
    const { status, data } = await page.evaluate(async (body) => {
      return window.client.from("notes").insert([{ body }, { body }]).select();
    }, body);
    assert.equal(status, 202);
    gateway.way = "open";
    assert.deepEqual(await drained(page), []);
    const lines = (await logged(stack.url)).filter((line) => line.body === body);
    assert.deepEqual(lines.map(({ id }) => id).sort(), (data ?? []).map(({ id }) => id).sort());
    await context.close();
  });

  test("a write of one user is not sent under another", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    const id = randomUUID();
    await context.setOffline(true);
    await write(page, "the owner's", id);
    await page.close();
    await context.setOffline(false);

    // The init script of this page sets the other user's session.
    const guest = await openPage(context, gateway.url, "guest");
    const guests = randomUUID();
    assert.deepEqual(await write(guest, "the guest's", guests), [201, 204, 204]);
    await guest.evaluate(() => window.guard.offline.replay());
    const waiting = await guest.evaluate(() => window.guard.offline.list());
    assert.deepEqual(waiting.map(({ state, body }) => ({ state, body })), Array(3).fill({ state: "queued", body: null }));
    assert.equal(await story(id), "");
    await guest.close();

    const owner = await openPage(context, gateway.url, "owner");
    assert.deepEqual(await drained(owner), []);
    assert.equal(await story(id), WHOLE);
    const [line] = (await logged(stack.url)).filter((line) => line.id === id);
    assert.equal(line?.owner, users.owner.id);
    await context.close();
  });

  test("a poison is set aside with its reason, and other tables go on", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    const id = randomUUID();
    await context.setOffline(true);
    await page.evaluate(async () => window.client.from("notes").insert({ body: "", version: 0 }));
    await page.evaluate(async () => window.client.from("notes").insert({ body: "another's", owner: crypto.randomUUID() }));
    await write(page, "after the poison", id);
    // Refers to the note that waits before it.
    await page.evaluate(async (note) => window.client.from("marks").insert({ note, word: note }), id);
    await context.setOffline(false);
    const left = await drained(page);
    assert.deepEqual(left.map(({ reason }) => reason), ["refused", "refused"]);
    assert.match(left[0]?.problem ?? "", /23514/);
    assert.match(left[1]?.problem ?? "", /42501/);
    assert.equal(await story(id), WHOLE);
    assert.equal(await page.evaluate(() => window.guard.offline.clear()), 2);
    await context.close();
  });

  for (const [answer, versions, left] of [
    ["clientWins", "insert 0, update 7", 0],
    ["serverWins", "insert 0", 0],
    ["setAside", "insert 0", 1],
  ] as const) {
    test(`a collision goes by the page's word: ${answer}`, async () => {
      const context = await browser.newContext();
      const page = await openPage(context, gateway.url, "owner");
      const id = randomUUID();
      await page.evaluate(async (id) => window.client.from("notes").insert({ id, body: "first" }), id);
      await page.evaluate((answer) => {
        window.conflict = () => answer;
      }, answer);
      await context.setOffline(true);
      await page.evaluate(async (id) => window.client.from("notes").insert({ id, body: "second", version: 7 }), id);
      await context.setOffline(false);
      await page.waitForFunction(
        (end) => window.events.some(({ state }) => state === end),
        { clientWins: "replayed", serverWins: "dropped", setAside: "setAside" }[answer],
      );
      assert.equal((await drained(page)).length, left);
      assert.equal(await story(id), versions);
      await context.close();
    });
  }

  test("a full disk refuses the next write and keeps the ones before", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner", { offline: { maxBytes: 900_000_000 } });
    const session = await context.newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: gateway.url, quotaSize: 3_000_000 });
    await context.setOffline(true);
    const id = randomUUID();
    await write(page, "before it was full", id);
    const code = await page.evaluate(async () => {
      const body = Array.from({ length: 900_000 }, () => String.fromCharCode(97 + Math.random() * 26)).join("");
      for (let tries = 0; tries < 40; tries += 1) {
        const { error } = await window.client.from("notes").insert({ body });
        if (error) return error.code;
      }
      return "never full";
    });
    assert.equal(code, "not_queued");
    await session.send("Storage.overrideQuotaForOrigin", { origin: gateway.url });
    await context.setOffline(false);
    assert.deepEqual(await drained(page), []);
    assert.equal(await story(id), WHOLE);
    await context.close();
  });

  test("what is damaged on the disk is set aside and holds nobody up", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, gateway.url, "owner");
    const id = randomUUID();
    await context.setOffline(true);
    for (const body of ["one", "two", "three"]) {
      await page.evaluate(async (body) => window.client.from("notes").insert({ body }), body);
    }
    await page.evaluate(async () => {
      const open = indexedDB.open("seawall-outbox");
      const database = await new Promise<IDBDatabase>((resolve) => (open.onsuccess = () => resolve(open.result)));
      const transaction = database.transaction(["writes", "requests"], "readwrite");
      const [head, ...others] = await new Promise<{ id: number }[]>((resolve) => {
        const heads = transaction.objectStore("writes").getAll();
        heads.onsuccess = () => resolve(heads.result);
      });
      transaction.objectStore("writes").put({ id: head?.id, state: "\u0000", rows: 7 });
      transaction.objectStore("requests").put({ url: 7 }, others[0]?.id);
      transaction.objectStore("requests").delete(others[1]?.id ?? 0);
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      database.close();
    });
    await write(page, "sound", id);
    await context.setOffline(false);
    const left = await drained(page);
    assert.deepEqual(left.map(({ reason }) => reason), ["corrupt", "corrupt", "corrupt"]);
    assert.equal(await story(id), WHOLE);
    await context.close();
  });
});

