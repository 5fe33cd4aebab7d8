/** A tab of some browser that does what the page's harness can do. */

import type { Browser, BrowserContext, Page } from "playwright-core";
import type { WebDriver } from "selenium-webdriver";

import { firefox } from "../firefox.ts";
import { launch } from "../visit.ts";

export interface Tab {
  /** Calls a function of the harness. */
  ask<Answer>(name: string, ...values: unknown[]): Promise<Answer>;
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Storage of its own, if its pages are of an origin of their own. */
export interface Profile {
  /** A tab on the page; `before` is run in it ahead of everything else. */
  tab(url: string, before?: string): Promise<Tab>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: string;
  profile(): Promise<Profile>;
  close(): Promise<void>;
}

export async function chromiumEngine(): Promise<Engine> {
  const browser: Browser = await launch();
  return {
    name: "Chromium",
    async profile() {
      const context: BrowserContext = await browser.newContext();
      return {
        tab: async (url, before) => {
          const page: Page = await context.newPage();
          if (before) await page.addInitScript(before);
          return chromiumTab(page, url);
        },
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}

async function chromiumTab(page: Page, url: string): Promise<Tab> {
  const ready = (): Promise<unknown> => page.waitForFunction("window.harness !== undefined");
  await page.goto(url);
  await ready();
  return {
    ask: (name, ...values) =>
      page.evaluate(([name, values]) => {
        const harness = Reflect.get(window, "harness") as Record<string, (...values: unknown[]) => unknown>;
        return harness[name as string]?.(...(values as unknown[]));
      }, [name, values] as const) as Promise<never>,
    async reload() {
      await page.reload();
      await ready();
    },
    close: () => page.close(),
  };
}

/** Firefox has no contexts in WebDriver, and takes seconds to start: profiles are apart by their origins. */
export async function firefoxEngine(privately = false): Promise<Engine> {
  const driver = await firefox(privately ? { "browser.privatebrowsing.autostart": true } : {});
  await driver.manage().setTimeouts({ script: 120_000 });
  const home = await driver.getWindowHandle();
  return {
    name: privately ? "Firefox, privately" : "Firefox",
    profile: async () => ({
      async tab(url, before) {
        if (before) throw new Error("nothing runs ahead of a page here");
        await driver.switchTo().newWindow("tab");
        await driver.get(url);
        return firefoxTab(driver, await driver.getWindowHandle());
      },
      async close() {
        for (const handle of await driver.getAllWindowHandles()) {
          if (handle === home) continue;
          await driver.switchTo().window(handle);
          await driver.close();
        }
        await driver.switchTo().window(home);
      },
    }),
    close: () => driver.quit(),
  };
}

async function firefoxTab(driver: WebDriver, handle: string): Promise<Tab> {
  const ready = (): Promise<unknown> => Promise.resolve(driver.wait(() => driver.executeScript("return window.harness !== undefined"), 15_000));
  await ready();
  return {
    async ask(name, ...values) {
      await driver.switchTo().window(handle);
      const [answer, error] = (await driver.executeAsyncScript(
        `const [name, values, done] = arguments;
         Promise.resolve().then(() => window.harness[name](...values)).then((answer) => done([answer ?? null, null]), (error) => done([null, String(error)]));`,
        name,
        values,
      )) as [never, string | null];
      if (error !== null) throw new Error(error);
      return answer;
    },
    async reload() {
      await driver.switchTo().window(handle);
      await driver.navigate().refresh();
      await ready();
    },
    async close() {
      await driver.switchTo().window(handle);
      await driver.close();
    },
  };
}
