/** The guard's panel as a test reads and moves it. */

import type { Page } from "playwright-core";

export type Label = "Healthy" | "Failing" | "Slow" | "Vanished";

/** Moves the server's switch on the page and waits until the server has taken it. */
export async function switchServer(page: Page, label: Label): Promise<void> {
  const taken = page.waitForResponse((response) => response.url().endsWith("/dev/faults"));
  await page.getByRole("radio", { name: label }).check();
  await taken;
}

/** Sends ten reads and gives the sentence that says what became of them. */
export async function tenReads(page: Page): Promise<string> {
  const button = page.getByRole("button", { name: "Send ten reads" });
  const outcome = page.locator(".burst [role=status]");
  await button.click();
  await outcome.filter({ hasText: /in \d/ }).waitFor();
  await page.locator(".burst button:enabled").waitFor();
  return (await outcome.textContent()) ?? "";
}

export async function waitForState(page: Page, key: string, state: string): Promise<void> {
  await page.locator(`[data-breaker="${key}"][data-state="${state}"]`).waitFor();
}

/** Opens the menu of one circuit and chooses. */
export async function moveByHand(page: Page, key: string, action: string): Promise<void> {
  await page.locator(`[data-breaker="${key}"] summary`).click();
  await page.getByRole("button", { name: `${action}: ${key}` }).click();
}

/** The log of one circuit, the oldest first, as `state: cause`. */
export async function log(page: Page, key: string): Promise<string[]> {
  const entries = page.locator(`.history [data-key="${key}"]`);
  const lines = await entries.evaluateAll((items) =>
    items.map((item) => `${item.querySelector("strong")?.textContent}: ${item.querySelector(".cause")?.textContent}`),
  );
  return lines.reverse();
}

/** Counts the requests of the page that reach the REST service, from now on. */
export function countRequests(page: Page): { count(): number } {
  let seen = 0;
  page.on("request", (request) => {
    if (request.url().includes("/rest/v1/")) seen += 1;
  });
  return { count: () => seen };
}
