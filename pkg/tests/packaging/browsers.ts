/** Chromium, Firefox and WebKit, each through its driver, headless; WebKit on a display that nobody sees. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

import { Builder, Capabilities, type WebDriver } from "selenium-webdriver";
import chrome from "selenium-webdriver/chrome.js";
import firefox from "selenium-webdriver/firefox.js";

export const BROWSERS = ["chromium", "firefox", "webkit"] as const;
export type BrowserName = (typeof BROWSERS)[number];

export interface Browser {
  open(url: string): Promise<void>;
  /** What is on the page now, for a test that has failed. */
  text(): Promise<string>;
  close(): Promise<void>;
}

export function startBrowser(name: BrowserName): Promise<Browser> {
  return { chromium: startChromium, firefox: startFirefox, webkit: startWebKit }[name]();
}

async function startChromium(): Promise<Browser> {
  const options = new chrome.Options();
  options.addArguments(
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
  );
  options.setBinaryPath(found("SEAWALL_CHROMIUM", "chromium", "chromium-browser", "google-chrome"));
  const service = new chrome.ServiceBuilder(found("SEAWALL_CHROMEDRIVER", "chromedriver"));
  return driven(await new Builder().forBrowser("chrome").setChromeOptions(options).setChromeService(service).build());
}

async function startFirefox(): Promise<Browser> {
  const options = new firefox.Options().addArguments("-headless");
  options.setBinary(found("SEAWALL_FIREFOX", "firefox-esr", "firefox"));
  for (const [name, value] of Object.entries(QUIET_FIREFOX)) options.setPreference(name, value);
  const service = new firefox.ServiceBuilder(found("SEAWALL_GECKODRIVER", "geckodriver"));
  return driven(await new Builder().forBrowser("firefox").setFirefoxOptions(options).setFirefoxService(service).build());
}

/** Nothing Firefox would send of its own accord. */
const QUIET_FIREFOX: Record<string, boolean | number> = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.safebrowsing.downloads.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.push.connection.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.trr.mode": 5,
  "toolkit.telemetry.enabled": false,
};

async function startWebKit(): Promise<Browser> {
  const display = await startDisplay();
  const port = await freePort();
  const program = found("SEAWALL_WEBKITDRIVER", "WebKitWebDriver");
  const env = { ...process.env, DISPLAY: `:${display.number}`, WEBKIT_DISABLE_COMPOSITING_MODE: "1" };
  const driver = spawn(program, [`--port=${port}`], { env, stdio: "ignore" });
  const stop = async (): Promise<void> => {
    await ended(driver);
    await ended(display.process);
  };
  try {
    await listening(port);
    const capabilities = new Capabilities({ browserName: "MiniBrowser" });
    const webdriver = await new Builder().usingServer(`http://127.0.0.1:${port}`).withCapabilities(capabilities).build();
    return driven(webdriver, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function driven(driver: WebDriver, afterwards: () => Promise<void> = async () => {}): Browser {
  return {
    open: (url) => driver.get(url),
    text: async () => driver.getPageSource().catch((error: unknown) => String(error)),
    async close() {
      await driver.quit().catch(() => {});
      await afterwards();
    },
  };
}

interface Display {
  readonly number: string;
  readonly process: ChildProcess;
}

/** Xvfb chooses a number that is free and writes it to the descriptor it is given. */
async function startDisplay(): Promise<Display> {
  const words = ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
  const child = spawn(found("SEAWALL_XVFB", "Xvfb"), words, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const numbers = child.stdio[3] as NodeJS.ReadableStream;
  const [chunk] = (await Promise.race([
    once(numbers, "data"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`Xvfb ended with ${String(code)}`))),
  ])) as [Buffer];
  return { number: chunk.toString().trim(), process: child };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function listening(port: number): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("WebKitWebDriver does not listen");
}

/** A program: named by the environment, or by the first of these names on the path. */
function found(variable: string, ...names: string[]): string {
  const given = process.env[variable];
  if (given) return given;
  for (const name of names) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // Not on the path: the next name.
    }
  }
  throw new Error(`${names[0]} is not installed: the set-up does it where it can, or set ${variable}`);
}
