/** Pages that write, and what the database says of it afterwards. */

import { setTimeout as sleep } from "node:timers/promises";

import type { SupabaseClient } from "@supabase/supabase-js";
import type { BrowserContext, Page } from "playwright-core";
import type { Guard, OfflineEvent, QueuedWrite } from "seawall";

import { callerFor } from "../rest.ts";
import { users } from "../stack.ts";
import type { Who } from "../visit.ts";

/** What the page of gateway.ts has. */
export interface Harbour {
  readonly guard: Guard;
  readonly client: SupabaseClient;
  readonly events: OfflineEvent[];
  conflict?: (write: QueuedWrite, failure: { code?: string }) => string;
}

declare const window: Harbour & typeof globalThis;

const sessions = new Map<string, Promise<string>>();

/** A session as supabase-js stores it; one for each user, for the server limits sign-ins. */
export function sessionOf(url: string, who: Who): Promise<string> {
  const known = sessions.get(url + who) ?? signIn(url, who);
  sessions.set(url + who, known);
  return known;
}

async function signIn(url: string, who: Who): Promise<string> {
  const { email, password } = users[who];
  const response = await fetch(`${url}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (!response.ok) throw new Error(`signing in was answered ${response.status}`);
  return response.text();
}

/** Opens a page as this user, and waits until it can write. */
export async function openPage(context: BrowserContext, url: string, who: Who, options: object = {}): Promise<Page> {
  const session = await sessionOf(url, who);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript((text) => localStorage.setItem("session", text), session);
  await page.goto(`${url}/?options=${encodeURIComponent(JSON.stringify(options))}`);
  await page.waitForFunction(() => "client" in window);
  // The part that queues loads after the page, and needs the network for it.
  await page.evaluate(async () => window.guard.offline.list());
  return page;
}

/** The lines of the log, in the order of what happened. */
export async function logged(url: string, who: Who = "owner"): Promise<LogLine[]> {
  const caller = await callerFor(url, who);
  const lines: LogLine[] = [];
  for (;;) {
    const { body } = await caller.call(`note_log?order=place&limit=1000&offset=${lines.length}`);
    lines.push(...(body as LogLine[]));
    if ((body as LogLine[]).length < 1000) return lines;
  }
}

export interface LogLine {
  readonly place: number;
  readonly act: "insert" | "update";
  readonly id: string;
  readonly owner: string;
  readonly body: string;
  readonly version: number;
}

/** Waits until nothing is queued any more; what was set aside stays. */
export async function drained(page: Page, within = 30_000): Promise<QueuedWrite[]> {
  const until = Date.now() + within;
  for (;;) {
    const left = await page.evaluate(async () => {
      await window.guard.offline.replay();
      return window.guard.offline.list();
    });
    if (left.every(({ state }) => state === "setAside")) return left;
    if (Date.now() > until) throw new Error(`still queued: ${JSON.stringify(left.slice(0, 3))}`);
    await sleep(50);
  }
}
