/** A headless Chromium, and a visit to the page that writes down everything the page should not do. */

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

import { users } from "./stack.ts";

export const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--disable-dev-shm-usage",
];

/** Short waits, no second attempts, and reads only when a test asks: each test says what it adds. */
const QUIET = { refresh: "0", attempts: "1", resetTimeout: "1000" };

/** The browser writes one for each answer that is no success; whether that is right is the test's to say. */
const FAILED_REQUEST = /^Failed to load resource/;

export type Who = keyof typeof users;

export interface Visit {
  page: Page;
  /** Console errors, uncaught errors and policy violations, failed requests apart. */
  complaints: string[];
  close(): Promise<void>;
}

export function launch(): Promise<Browser> {
  const executablePath = process.env["SEAWALL_CHROMIUM"] ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS });
}

export async function visit(
  browser: Browser,
  url: string,
  query: Record<string, string> = {},
  options: BrowserContextOptions = {},
  path = "/",
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints = await listen(page);
  await page.goto(`${url}${path}?${new URLSearchParams({ ...QUIET, ...query })}`);
  return { page, complaints, close: () => context.close() };
}

async function listen(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (!FAILED_REQUEST.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  await page.exposeFunction("reportViolation", (violation: string) => complaints.push(`policy: ${violation}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const report = Reflect.get(globalThis, "reportViolation") as (violation: string) => void;
      report(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return complaints;
}

/** Signs in the way a reader does: one click for the account, one for the button. */
export async function signIn(page: Page, who: Exclude<Who, "stranger">): Promise<void> {
  const name = who === "owner" ? /^Owner/ : /^Guest/;
  await page.getByRole("button", { name }).click();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Harbour" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "shore power" }).waitFor();
}

export async function typeIn(page: Page, who: Who, password = users[who].password): Promise<void> {
  await page.getByLabel("Email").fill(users[who].email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The names of the rooms on show. */
export async function rooms(page: Page): Promise<string[]> {
  return page.getByRole("navigation", { name: "Rooms" }).locator(".place").allTextContents();
}
