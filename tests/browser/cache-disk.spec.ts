/** The cache's entries in a real IndexedDB, without a guard before them: what is kept, what ends, and what goes first. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { type PlainPage, startPlainPage } from "./plain.ts";
import { launch, visit } from "./visit.ts";

/** `open(name, entries)` opens a database as `disk`; `store` and `look` work with it. */
const SCRIPT = `
  import { open } from "/seawall/store.js";
  const { CacheDisk } = open();
  globalThis.opened = async (name, entries) => void (globalThis.disk = await CacheDisk.open(name, entries, 1e9));
  globalThis.store = (key, table, slots, since, used, size = 10) => {
    const line = { key, user: "somebody", path: "/rest/v1/" + table, tables: [table], tags: [], size, used };
    return disk.write({ key }, line, Uint16Array.from(slots), since);
  };
  globalThis.look = async (key) => {
    const [entry, count, entries, bytes] = await disk.read(key);
    return [entry !== undefined, count, entries, bytes];
  };
  globalThis.ready = true;
`;

/** As in pkg/src/cache/rules.ts. */
const Kind = { Table: 1, Pattern: 3, User: 4, Everything: 5 };

let browser: Browser;
let plain: PlainPage;
let page: Page;
let leave: () => Promise<void>;

before(async () => {
  browser = await launch();
  plain = await startPlainPage(SCRIPT);
  ({ page, close: leave } = await visit(browser, plain.url));
  await page.waitForFunction(() => Reflect.get(globalThis, "ready") === true);
});

after(async () => {
  await leave?.();
  await plain?.close();
  await browser?.close();
});

/** What an expression gives in the page. */
function asked<Value>(expression: string): Promise<Value> {
  return page.evaluate(`(async () => ${expression})()`);
}

test("what is stored is found until it is invalidated", async () => {
  await asked(`opened("invalidated", 100)`);
  assert.equal(await asked(`store("a", "rooms", [0, 1], 0, 1)`), true);
  assert.equal(await asked(`store("b", "people", [0, 2], 0, 2)`), true);
  assert.deepEqual(await asked(`look("a")`), [true, 0, 2, 20]);
  assert.equal(await asked(`disk.forget(${Kind.Table}, "rooms")`), 1);
  assert.deepEqual(await asked(`look("a")`), [false, 1, 1, 10]);
  assert.equal(await asked(`disk.forget(${Kind.Pattern}, "/rest/*")`), 1);
  assert.deepEqual(await asked(`look("b")`), [false, 2, 0, 0]);
});

test("a pattern ends what looks like it, and a user's sign-out what is kept for them", async () => {
  await asked(`opened("meant", 100)`);
  await asked(`store("a", "rooms", [0], 0, 1)`);
  await asked(`store("b", "people", [0], 0, 2)`);
  assert.equal(await asked(`disk.forget(${Kind.Pattern}, "*/people")`), 1);
  assert.deepEqual(await asked(`look("a")`), [true, 1, 1, 10]);
  assert.equal(await asked(`disk.forget(${Kind.User}, "nobody")`), 0);
  assert.equal(await asked(`disk.forget(${Kind.User}, "somebody")`), 1);
  assert.deepEqual(await asked(`disk.lines()`), []);
});

test("what was asked for before an invalidation is not stored after it", async () => {
  await asked(`opened("outdated", 100)`);
  assert.equal(await asked(`disk.forget(${Kind.Everything}, "")`), 0);
  assert.equal(await asked(`store("a", "rooms", [0], 0, 1)`), false);
  assert.equal(await asked(`store("a", "rooms", [0], 1, 1)`), true);
  assert.deepEqual(await asked(`look("a")`), [true, 1, 1, 10]);
});

test("an entry stored anew takes the place of the old one", async () => {
  await asked(`opened("anew", 100)`);
  await asked(`store("a", "rooms", [0], 0, 1, 10)`);
  await asked(`store("a", "rooms", [0], 0, 2, 30)`);
  assert.deepEqual(await asked(`look("a")`), [true, 0, 1, 30]);
});

test("the least recently used goes first", async () => {
  await asked(`opened("evicted", 10)`);
  for (let number = 0; number < 10; number += 1) assert.equal(await asked(`store("${number}", "rooms", [0], 0, ${number})`), true);
  await asked(`disk.touch(["0", "none"], 100)`);
  assert.equal(await asked(`store("new", "rooms", [0], 0, 50)`), true);
  assert.deepEqual(await asked(`look("0")`), [true, 0, 9, 90]);
  const kept = await asked<{ key: string }[]>(`disk.lines()`);
  assert.deepEqual(kept.map(({ key }) => key).sort(), ["0", "3", "4", "5", "6", "7", "8", "9", "new"]);
});

test("far too much goes in one write, however much it is", async () => {
  await asked(`opened("shrunk", 1000)`);
  for (let number = 0; number < 200; number += 1) await asked(`store("${number}", "rooms", [0], 0, ${number})`);
  await asked(`opened("shrunk", 10)`);
  await asked(`store("new", "rooms", [0], 0, 1000)`);
  assert.deepEqual(await asked(`look("new")`), [true, 0, 9, 90]);
});

test("a damaged ledger ends the whole database, which is made anew", async () => {
  await asked(`opened("damaged", 10)`);
  await asked(`store("a", "rooms", [0], 0, 1)`);
  await asked(`new Promise((resolve) => {
    const request = indexedDB.open("damaged");
    request.onsuccess = () => {
      const change = request.result.transaction("ledger", "readwrite");
      change.objectStore("ledger").put({ id: 0, entries: 1, bytes: 10, marks: new Uint32Array(3) });
      change.oncomplete = () => resolve(request.result.close());
    };
  })`);
  await assert.rejects(asked(`disk.read("a")`), /the stored ledger is damaged/);
  await asked(`opened("damaged", 10)`);
  assert.deepEqual(await asked(`look("a")`), [false, 0, 0, 0]);
});

test("what another version made of the database is thrown away", async () => {
  await asked(`new Promise((resolve) => {
    const request = indexedDB.open("foreign", 7);
    request.onsuccess = () => resolve(request.result.close());
  })`);
  await asked(`opened("foreign", 10)`);
  await asked(`store("a", "rooms", [0], 0, 1)`);
  assert.deepEqual(await asked(`look("a")`), [true, 0, 1, 10]);
});
