/** The page's own supabase-js, driven from the console: what a call costs, and how many are sent. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import type { SupabaseClient } from "@supabase/supabase-js";
import type { Browser } from "playwright-core";
import type { Guard } from "seawall";

import { countRequests, waitForState } from "./panel.ts";
import { type Stack, startStack } from "./stack.ts";
import { launch, signIn, visit } from "./visit.ts";

declare const seawallDemo: { guard: Guard; client: SupabaseClient };

const LONG = { resetTimeout: "60000" };

let stack: Stack;
let browser: Browser;

before(async () => {
  stack = await startStack();
  browser = await launch();
});

afterEach(() => stack.fault("none"));

after(async () => {
  await browser?.close();
  await stack?.stop();
});

test("with the circuit open a read costs less than 2 ms and is one call", async () => {
  const { page, close } = await visit(browser, stack.url, LONG);
  await signIn(page, "owner");
  const { medianMs, refusals, codes } = await page.evaluate(async () => {
    const { client, guard } = seawallDemo;
    guard.breakers.get("rest")?.forceOpen();
    let refusals = 0;
    guard.on("refusal", () => (refusals += 1));
    const took: number[] = [];
    const codes = new Set<string | undefined>();
    for (let call = 0; call < 201; call += 1) {
      const start = performance.now();
      const { error } = await client.from("rooms").select("id");
      took.push(performance.now() - start);
      codes.add(error?.code);
    }
    took.sort((left, right) => left - right);
    return { medianMs: took[100] ?? Infinity, refusals, codes: [...codes] };
  });
  assert.deepEqual(codes, ["circuit_open"]);
  assert.equal(refusals, 201);
  assert.ok(medianMs < 2, `${medianMs} ms`);
  await close();
});

test("twenty reads on a dead backend send as many requests as the threshold", async () => {
  const { page, close } = await visit(browser, stack.url, LONG);
  await signIn(page, "owner");
  await stack.fault("fail");
  const requests = countRequests(page);
  const errors = await page.evaluate(async () => {
    let errors = 0;
    for (let call = 0; call < 20; call += 1) {
      const { error } = await seawallDemo.client.from("rooms").select("id");
      if (error) errors += 1;
    }
    return errors;
  });
  assert.equal(errors, 20);
  assert.equal(requests.count(), 5);
  await waitForState(page, "rest", "open");
  await close();
});

test("errors reach supabase-js's callers as they would without the guard", async () => {
  const { page, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  const { guarded, plain } = await page.evaluate(async () => {
    const { error } = await seawallDemo.client.from("no_such_table").select("*");
    const key = Object.keys(localStorage).find((name) => name.endsWith("-auth-token")) ?? "";
    const { access_token } = JSON.parse(localStorage.getItem(key) ?? "{}") as { access_token: string };
    const response = await fetch("/rest/v1/no_such_table?select=*", { headers: { authorization: `Bearer ${access_token}` } });
    return { guarded: { ...error }, plain: await response.json() };
  });
  for (const name of ["code", "message", "details", "hint"]) {
    assert.deepEqual(Reflect.get(guarded, name), Reflect.get(plain, name), name);
  }
  await close();
});

test("one aborted by its caller counts as neither success nor failure", async () => {
  const { page, close } = await visit(browser, stack.url);
  await signIn(page, "owner");
  await stack.fault("slow", 1_000);
  const before = await page.evaluate(() => seawallDemo.guard.snapshot());
  await page.evaluate(async () => {
    const aborts = Array.from({ length: 8 }, async () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 100);
      return seawallDemo.client.from("rooms").select("id").abortSignal(abort.signal);
    });
    await Promise.all(aborts);
  });
  const after = await page.evaluate(() => seawallDemo.guard.snapshot());
  const failures = (snapshot: typeof before) => snapshot.breakers.find(({ key }) => key === "rest")?.failures;
  assert.equal(failures(after), failures(before));
  await page.getByText("All circuits closed").waitFor();
  await close();
});
