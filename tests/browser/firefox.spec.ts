/** The core of it once more in Firefox, through WebDriver. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { By, until, type WebDriver, type WebElement } from "selenium-webdriver";

import { firefox } from "./firefox.ts";
import { type Stack, startStack } from "./stack.ts";

const WAIT_MS = 15_000;

let stack: Stack;
let driver: WebDriver;

before(async () => {
  stack = await startStack();
  driver = await firefox();
});

after(async () => {
  await driver?.quit();
  await stack?.stop();
});

test("Firefox signs in, sees its rooms, and watches a circuit open and close", async () => {
  await driver.get(`${stack.url}/?refresh=250&attempts=1&resetTimeout=800&reads=6000`);
  await click(await shown("//button[starts-with(., 'Guest')]"));
  await click(await shown("//button[.='Sign in']"));
  await shown("//li[contains(., 'shore power')]");
  const rooms = await driver.findElements(By.css(".rooms .place"));
  assert.deepEqual(await Promise.all(rooms.map((room) => room.getText())), ["Harbour"]);

  await click(await shown("//label[.='Vanished']"));
  await shown("//tr[@data-breaker='rest' and @data-state='open']");
  await click(await shown("//label[.='Healthy']"));
  await shown("//tr[@data-breaker='rest' and @data-state='closed']");

  const composer = await driver.findElement(By.id("compose"));
  const body = `From Firefox at ${Date.now()}`;
  await composer.sendKeys(body);
  await click(await shown("//button[.='Send']"));
  const remove = await shown(`//li[contains(., '${body}')]//button`);
  await click(remove);
  await driver.wait(until.stalenessOf(remove), WAIT_MS);
});

test("Firefox shows the dashboard, and moves a circuit by hand", async () => {
  await driver.get(`${stack.url}/admin.html?attempts=1`);
  // Signed in before, or not: the office shows either.
  const dashboard = await shown("//seawall-dashboard");
  const inside = <Found>(script: string): Promise<Found> =>
    driver.executeScript<Found>(`const root = arguments[0].shadowRoot; ${script}`, dashboard);
  await driver.wait(() => inside<boolean>("return root.querySelector('h2')?.textContent === 'All circuits closed'"), WAIT_MS);
  const signIn = await driver.findElements(By.xpath("//button[.='Sign out']"));
  for (const button of signIn) if (await button.isDisplayed()) await click(button);
  await click(await shown("//button[.='Sign in as the owner']"));
  await driver.wait(() => inside<boolean>("return root.querySelectorAll('summary').length === 5"), WAIT_MS);
  await inside("root.querySelector('tr[data-breaker=rest] button').click()");
  await driver.wait(() => inside<boolean>("return root.querySelector('tr[data-breaker=rest]').dataset.state === 'forced_open'"), WAIT_MS);
  assert.equal(await inside<number>("return root.querySelectorAll('canvas').length"), 2);
});

function shown(xpath: string): Promise<WebElement> {
  return Promise.resolve(driver.wait(until.elementLocated(By.xpath(xpath)), WAIT_MS, xpath));
}

/** The page draws itself anew while it lives: scrolls first, and does not mind what lies above. */
async function click(element: WebElement): Promise<void> {
  await driver.executeScript("arguments[0].scrollIntoView({ block: 'center' }); arguments[0].click();", element);
}
