/**
 * `seawall/react` rendered on a server by the real react-dom, the newest and the oldest it is for; how it lives in a page
 * is tested in a browser.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";

import { createElement, type ReactElement, StrictMode, version } from "react";
import { renderToString, version as rendererVersion } from "react-dom/server";
import { createGuard } from "seawall";
import { GuardProvider, useBreaker, useGuard, useGuardedQuery, useSnapshot } from "seawall/react";

/** The React that this is bundled for. */
declare const REACT: number;

const require = createRequire(import.meta.url);
const installed = dirname(require.resolve("seawall/package.json"));

function render(component: () => ReactElement): string {
  const guard = createGuard();
  guard.breakers.get("rest")?.forceOpen();
  const tree = createElement(StrictMode, null, createElement(GuardProvider, { guard }, createElement(component)));
  const html = renderToString(tree);
  guard.close();
  return html;
}

describe(`seawall/react on a server, with React ${version}`, () => {
  test("runs beside the React that it is to be tested with, and the package says that it may", () => {
    assert.deepEqual([parseInt(version), parseInt(rendererVersion)], [REACT, REACT]);
    const { peerDependencies } = require("seawall/package.json");
    assert.equal(peerDependencies.react, "^18.0.0 || ^19.0.0");
  });

  test("shows what there is before the first call, whatever the guard of the process knows", () => {
    const html = render(() => {
      const { calls, breakers } = useSnapshot();
      return createElement("p", null, `${calls.total} calls, ${breakers.length} breakers, ${useBreaker("rest")?.state ?? "unknown"}`);
    });
    assert.equal(html, "<p>0 calls, 0 breakers, unknown</p>");
  });

  test("asks nothing", () => {
    let asked = 0;
    const html = render(() => {
      const { status, data, isFetching } = useGuardedQuery("rooms", async () => {
        asked += 1;
        return ["harbour"];
      });
      return createElement("p", null, `${status} ${String(data)} ${String(isFetching)}`);
    });
    assert.equal(html, "<p>pending undefined false</p>");
    assert.equal(asked, 0);
  });

  test("hands out its guard, and names what is missing", () => {
    const guard = createGuard();
    let found: unknown;
    const Component = (): null => {
      found = useGuard();
      return null;
    };
    renderToString(createElement(GuardProvider, { guard }, createElement(Component)));
    assert.equal(found, guard);
    assert.throws(() => renderToString(createElement(Component)), { name: "OptionError", option: "guard" });
    guard.close();
  });

  test("is for the client in frameworks that ask, and takes React from the application", async () => {
    const text = await readFile(join(installed, "dist", "react.js"), "utf8");
    assert.match(text, /^"use client";/);
    assert.match(text, /from"react"/);
    assert.deepEqual(Object.keys(require("seawall/react")).sort(), [
      "GuardProvider",
      "useBreaker",
      "useGuard",
      "useGuardedQuery",
      "useSnapshot",
    ]);
  });
});
