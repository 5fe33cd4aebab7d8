/** Settings are read, refused and resolved as the Rust core does it: one list of cases, replayed on both sides. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { createGuard, type GuardOptions, type PolicyDocument } from "seawall";

import { createSettings, type SettingsInForce } from "../src/settings.js";
import { readSettings } from "../src/settings.read.js";
import type { SettingName } from "../src/settings.table.js";
import type { Service } from "../src/vocabulary.js";

const CASES = readFileSync("../crates/policy/tests/settings.txt", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("{"));

describe("documents come to what the core's own list says", () => {
  for (const line of CASES) {
    test(line, () => {
      const [text = "", expected = ""] = line.split(" => ");
      const document = JSON.parse(text) as PolicyDocument;
      const refusal = /^refused (.*)$/.exec(expected)?.[1];
      if (refusal !== undefined) {
        assert.throws(() => createGuard({ policy: document }), { name: "OptionError", message: refusal });
        return;
      }
      createGuard({ policy: document }).close();
      const [path, , service, endpoint = "", , number] = expected.split(" ");
      const place = { service: service as Service, endpoint };
      assert.equal(settingsOf(document).number(path as SettingName, place), Number(number));
    });
  }
});

describe("options", () => {
  test("a group that is a feature is switched on by its name, by true, and by any setting of it", () => {
    const flagOf = (options: object): boolean => settingsOf(options, true).flag("cache.enabled");
    assert.equal(flagOf({}), false);
    assert.equal(flagOf({ cache: true }), true);
    assert.equal(flagOf({ cache: {} }), true);
    assert.equal(flagOf({ cache: { enabled: false } }), false);
    assert.equal(flagOf({ cache: false }), false);
    assert.equal(flagOf({ cache: undefined }), false);
  });

  test("a published policy that only describes a feature does not switch it on", () => {
    assert.equal(settingsOf({ cache: {} }).flag("cache.enabled"), false);
  });

  test("a feature may be on for one endpoint alone", () => {
    const settings = settingsOf({ endpoints: { "/rest/v1/countries": { cache: {} } } }, true);
    assert.equal(settings.flag("cache.enabled", { service: "rest", endpoint: "/rest/v1/countries" }), true);
    assert.equal(settings.flag("cache.enabled", { service: "rest", endpoint: "/rest/v1/messages" }), false);
    assert.equal(settings.given("cache"), true);
    assert.equal(settings.given("cache.enabled"), true);
    assert.equal(settings.given("batch"), false);
  });

  test("a choice answers with its word", () => {
    assert.equal(settingsOf({ breaker: { mode: "metricsOnly" } }).word("breaker.mode"), "metricsOnly");
  });

  test("a refused replacement changes nothing, a good one everything", () => {
    const settings = settingsOf({ timeout: 5 });
    assert.throws(() => settings.replace(readSettings({ timeout: 6, retry: { maxDelay: 1 } }, "policy", false), 0), {
      name: "OptionError",
    });
    assert.equal(settings.number("timeout"), 5);
    settings.replace(readSettings({ timeout: 7 }, "policy", false), 0);
    assert.equal(settings.number("timeout"), 7);
  });

  test("what no document can hold is refused too", () => {
    const refusal = (options: object): string => {
      try {
        createGuard(options as GuardOptions).close();
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    };
    assert.equal(refusal({ timeout: Number.NaN }), "timeout must be from 0 to 600000 ms, not NaN");
    assert.equal(refusal({ timeout: Number.POSITIVE_INFINITY }), "timeout must be from 0 to 600000 ms, not more than 9000000000000000");
    assert.equal(refusal({ timeout: () => 1 }), "timeout must be a number, not a function");
    assert.equal(refusal({ breaker: { jitter: 1n } }), "breaker.jitter must be a number, not a bigint");
  });
});

/** Resolved beside a core that finds contradictions where the real one does in these tests. */
function settingsOf(document: object, implied = false): SettingsInForce {
  const maxDelay = 24;
  const numbers = new Float64Array(256);
  const call = {
    renew: () => {},
    check: () => ((numbers[maxDelay] ?? 0) < 2 ? 18 : 255),
    configure: () => 255,
    apply: () => {},
    target: (isRpc: number) => isRpc,
  };
  const core = {
    call,
    guard: 0,
    breakers: [],
    numbers: () => numbers,
    soon: (act: () => void) => act(),
    write: (text: string) => (text.includes("/rpc/") ? 1 : 0),
  };
  return createSettings(core as unknown as Parameters<typeof createSettings>[0], readSettings(document, "policy", implied), 0);
}
