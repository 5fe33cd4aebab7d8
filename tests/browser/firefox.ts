/** Firefox through WebDriver, sending nothing of its own accord. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

import { Builder, type WebDriver } from "selenium-webdriver";
import { Options, ServiceBuilder } from "selenium-webdriver/firefox.js";

export async function firefox(more: Record<string, boolean | number> = {}): Promise<WebDriver> {
  const options = new Options().addArguments("-headless");
  const binary = found(process.env["SEAWALL_FIREFOX"], "firefox-esr", "firefox");
  if (binary !== undefined) options.setBinary(binary);
  for (const [name, value] of Object.entries({ ...quiet, ...more })) options.setPreference(name, value);
  const geckodriver = found(process.env["SEAWALL_GECKODRIVER"], "geckodriver");
  if (geckodriver === undefined) throw new Error("geckodriver is not here: the set-up installs it, or set SEAWALL_GECKODRIVER");
  return new Builder()
    .forBrowser("firefox")
    .setFirefoxOptions(options)
    .setFirefoxService(new ServiceBuilder(geckodriver))
    .build();
}

/** Nothing Firefox would send of its own accord. */
const quiet: Record<string, boolean | number> = {
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

function found(given: string | undefined, ...names: string[]): string | undefined {
  if (given) return given;
  for (const name of names) {
    try {
      const path = execFileSync("which", [name], { encoding: "utf8" }).trim();
      if (existsSync(path)) return path;
    } catch {
      // not on the path: the next name
    }
  }
  return undefined;
}
