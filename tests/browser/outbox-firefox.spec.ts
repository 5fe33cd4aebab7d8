/** Queued, reloaded, replayed: once more in Firefox. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { WebDriver } from "selenium-webdriver";

import { firefox } from "./firefox.ts";
import { type Gateway, startGateway } from "./outbox/gateway.ts";
import { type Harbour, logged, sessionOf } from "./outbox/harbour.ts";
import { type Stack, startStack } from "./stack.ts";

declare const window: Harbour & typeof globalThis;

let stack: Stack;
let gateway: Gateway;
let driver: WebDriver;

before(async () => {
  stack = await startStack({
    scripts: join(import.meta.dirname, "outbox/database"),
    env: { SEAWALL_RATE_LIMITS: "false" },
  });
  gateway = await startGateway(stack.url);
  driver = await firefox();
  await driver.manage().setTimeouts({ script: 20_000 });
});

after(async () => {
  await driver?.quit();
  await gateway?.close();
  await stack?.stop();
});

test("T12 in Firefox: writes queued without a network survive a reload and are done once, in order", async () => {
  await driver.get(gateway.url);
  const session = await sessionOf(gateway.url, "owner");
  await driver.executeScript((text: string) => localStorage.setItem("session", text), session);
  await driver.get(gateway.url);
  await driver.wait(() => driver.executeScript<boolean>(() => "client" in window), 15_000);

  gateway.way = "closed";
  const id = randomUUID();
  const statuses = await driver.executeAsyncScript<number[]>(async (id: string, done: (statuses: number[]) => void) => {
    const inserted = await window.client.from("notes").insert({ id, body: "from Firefox", version: 0 });
    const changed = await window.client.from("notes").update({ version: 1 }).eq("id", id);
    done([inserted.status, changed.status]);
  }, id);
  assert.deepEqual(statuses, [202, 202]);

  gateway.way = "open";
  await driver.get(gateway.url);
  await driver.wait(() => driver.executeScript<boolean>(() => "client" in window), 15_000);
  const left = await driver.executeAsyncScript<number>(async (done: (left: number) => void) => {
    for (let looks = 0; looks < 100; looks += 1) {
      const { length } = await window.guard.offline.list();
      if (length === 0 || looks === 99) return done(length);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  assert.equal(left, 0);
  const story = (await logged(stack.url)).filter((line) => line.id === id).map(({ act, version }) => `${act} ${version}`);
  assert.deepEqual(story, ["insert 0", "update 1"]);
});
