/** C15: the dashboard's pure parts: rules, claims, series, and that a server can import it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Reading } from "seawall/dashboard";

import { claimsFrom, holds, readAdminClaim } from "../src/dashboard/claims.js";
import { type AlertRule, createRules, type Measured, readRules } from "../src/dashboard/rules.js";
import { createSeries, SHOWN } from "../src/dashboard/series.js";
import { listen, parser } from "../src/dashboard/server/stream.js";
import { addressOf } from "../src/dashboard/server/token.js";
import { wordsOf } from "../src/dashboard/words.js";
import { createHistogram } from "../src/metrics/histogram.js";

const { condition, latency, percent } = wordsOf();
const QUIET: Measured = { open_circuits: 0, error_rate: null, p95: null, head_room: 1, waiting: 0 };
const NO_SUBJECTS = { open_circuits: "", error_rate: "", p95: "", head_room: "", waiting: "" };

describe("alert rules", () => {
  const check = (rules: ReturnType<typeof createRules>, measured: Partial<Measured>, now: number): string[] =>
    rules.check({ ...QUIET, ...measured }, NO_SUBJECTS, now).map(({ rule, state }) => `${rule.measure} ${state}`);

  test("an alert is raised once and cleared once", () => {
    const rules = createRules([{ measure: "open_circuits", threshold: 0 }]);
    assert.deepEqual(check(rules, {}, 0), []);
    assert.deepEqual(check(rules, { open_circuits: 1 }, 1_000), ["open_circuits raised"]);
    assert.deepEqual(check(rules, { open_circuits: 2 }, 2_000), []);
    assert.deepEqual(check(rules, {}, 3_000), []);
    assert.deepEqual(check(rules, {}, 8_000), ["open_circuits cleared"]);
    assert.deepEqual(check(rules, {}, 9_000), []);
  });

  test("one that flickers is told once", () => {
    const rules = createRules([{ measure: "waiting", threshold: 10 }]);
    const told = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((second) => check(rules, { waiting: second % 2 === 0 ? 20 : 0 }, second * 1_000));
    assert.deepEqual(told, ["waiting raised"]);
  });

  test("a rule with a span waits for it", () => {
    const rules = createRules([{ measure: "p95", threshold: 100, for: 3_000 }]);
    assert.deepEqual([0, 1_000, 2_999].flatMap((now) => check(rules, { p95: 200 }, now)), []);
    assert.deepEqual(check(rules, { p95: 90 }, 2_999), []);
    assert.deepEqual(check(rules, { p95: 200 }, 3_500), []);
    assert.deepEqual(check(rules, { p95: 200 }, 6_500), ["p95 raised"]);
  });

  test("head-room alerts below its threshold, and what is unknown never does", () => {
    const rules = createRules([{ measure: "head_room", threshold: 0.1 }, { measure: "error_rate", threshold: 0 }]);
    assert.deepEqual(check(rules, { head_room: 0.1 }, 0), []);
    assert.deepEqual(check(rules, { head_room: 0.09 }, 1), ["head_room raised"]);
  });

  test("are read from JSON, and a wrong one is named", () => {
    const rules: AlertRule[] = [{ measure: "p95", threshold: 500, for: 1_000, label: "Slow" }];
    assert.deepEqual(readRules(JSON.stringify(rules)), rules);
    for (const wrong of ['{"measure":"p95"}', '[{"measure":"p96","threshold":1}]', '[{"measure":"p95"}]', '[{"measure":"p95","threshold":1,"for":-1}]', "[null]"]) {
      assert.throws(() => readRules(wrong), TypeError, wrong);
    }
    assert.equal(condition(rules[0] as AlertRule), "above 500 ms for 1 s");
  });
});

describe("the admin claim", () => {
  const admin = readAdminClaim("app_metadata.role=admin");
  const claims = { app_metadata: { role: "admin" }, exp: 2_000 };

  test("is held until the token expires", () => {
    assert.equal(holds(claims, admin, 1_999_999), true);
    assert.equal(holds(claims, admin, 2_000_000), false);
    assert.equal(holds(undefined, admin, 0), false);
  });

  test("is looked for where it is said to be, in lists too", () => {
    assert.equal(holds({ roles: ["user", "admin"] }, readAdminClaim("roles=admin"), 0), true);
    assert.equal(holds({ is_admin: true }, readAdminClaim("is_admin"), 0), true);
    assert.equal(holds({ app_metadata: { role: "user" } }, admin, 0), false);
    assert.equal(holds({ user_metadata: { role: "admin" } }, admin, 0), false, "what users write of themselves is nothing");
    assert.equal(holds({}, readAdminClaim("constructor.name=Object"), 0), false);
  });

  test("comes from a token, an object or a function, and a failure is nobody", async () => {
    const token = `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
    for (const provider of [token, claims, () => token, async () => claims]) assert.deepEqual(await claimsFrom(provider), claims);
    const failing = () => {
      throw new Error("no session");
    };
    for (const provider of ["", "x.y.z", null, undefined, failing, async () => undefined]) {
      assert.equal(await claimsFrom(provider), undefined);
    }
  });
});

describe("series", () => {
  const reading = (at: number, answered: number, failures: object = {}, millis: readonly number[] = []): Reading => {
    const histogram = createHistogram();
    for (const each of millis) histogram.record(each);
    const none = createHistogram().read();
    const endpoint = { service: "rest", class: "reads", endpoint: "/t", calls: 0, succeeded: answered, failures, retries: 0, joined: {}, cache: {} } as const;
    return {
      at,
      since: 0,
      breakers: [],
      limits: [],
      endpoints: [{ ...endpoint, latency: histogram.read(), queue: none }] as unknown as Reading["endpoints"],
      history: [],
      inflight: 0,
      waiting: 0,
      groups: [],
    };
  };

  test("give rates per second, with refusals apart and aborts nowhere", () => {
    const series = createSeries();
    series.add(reading(0, 0));
    series.add(reading(2_000, 10, { timeout: 2, circuit_open: 4, rate_limited: 2, aborted: 9 }));
    const [point] = series.points;
    assert.deepEqual([point?.answered, point?.failed, point?.refused], [5, 1, 3]);
    const { answered, failed, refused, seconds } = series.span(60_000);
    assert.deepEqual([answered, failed, refused, seconds], [10, 2, 6, 2]);
  });

  test("forget what is older than the charts, and percentiles forget sooner", () => {
    const series = createSeries();
    for (let second = 0; second <= 400; second += 1) series.add(reading(second * 1_000, second, {}, [5, ...(second > 200 ? [900] : [])]));
    assert.ok(series.points.length <= SHOWN / 1_000 + 1);
    assert.equal(series.points.at(-1)?.p95, null, "nothing was answered within the last seconds");
    assert.equal(series.span(60_000).answered, 60);
  });

  test("begin anew when their source did", () => {
    const series = createSeries();
    series.add(reading(0, 100));
    series.add(reading(1_000, 110));
    series.add(reading(2_000, 3));
    assert.equal(series.points.length, 0);
    series.add(reading(3_000, 4));
    assert.equal(series.points.at(-1)?.answered, 1);
  });
});

describe("words", () => {
  test("a failure is never rounded away", () => {
    assert.equal(percent(1), "100 %");
    assert.equal(percent(0.9999), "99.9 %");
    assert.equal(percent(0.0001), "0.1 %");
    assert.equal(percent(0), "0 %");
    assert.equal(percent(null), "–");
    assert.deepEqual([0.42, 38.4, 1_250, null].map(latency), ["0.4 ms", "38 ms", "1.3 s", "–"]);
  });
});

describe("words of an application", () => {
  const german = wordsOf({ language: "de", seconds: "{n} Sek.", verdictOne: "{circuits}: {state}" });

  test("are said where they are given, with numbers in their language's manner", () => {
    assert.equal(german.latency(1_250), "1,3 Sek.");
    assert.equal(german.condition({ measure: "p95", threshold: 2_000, for: 10_000 }), "above 2 Sek. for 10 Sek.");
    assert.equal(german.count(12_345), "12.345");
    assert.equal(german.t.calls, "Calls");
  });

  test("are filled in wherever the braces stand, and once", () => {
    assert.equal(german.say("verdictOne", { state: "{circuits}", circuits: "rest" }), "rest: {circuits}");
  });
});

describe("in a runtime without elements", () => {
  test("the entry is imported and defines nothing", async () => {
    const { SeawallDashboard, guardSource } = await import("seawall/dashboard");
    assert.equal(typeof SeawallDashboard, "function");
    assert.equal(typeof guardSource, "function");
  });
});

describe("a server's address and stream", () => {
  test("a token goes over https, to the page's own origin, or to this machine", () => {
    const page = "https://app.example.com/admin";
    assert.equal(addressOf("https://api.example.com/base", page).href, "https://api.example.com/base/");
    assert.equal(addressOf("/", "http://intern:8080/admin").href, "http://intern:8080/");
    assert.equal(addressOf("http://127.0.0.1:8080", page).port, "8080");
    assert.throws(() => addressOf("http://api.example.com", page), /over https/);
    assert.throws(() => addressOf("https://name:word@api.example.com", page), /no user/);
    assert.throws(() => addressOf("javascript:alert(1)", page), /over https/);
  });

  test("events are whole however the text was cut", () => {
    const text = 'event: degraded\ndata: {"atMs":1,"part":"redis"}\n\n: still here\n\nevent: bad\ndata: {\n\nevent: missed\r\ndata: {"missed":\r\ndata: 3}\r\n\r\n';
    for (let size = 1; size <= text.length; size += 1) {
      const heard: string[] = [];
      const parse = parser(({ kind, data }) => heard.push(`${kind} ${JSON.stringify(data)}`));
      for (let from = 0; from < text.length; from += size) parse(text.slice(from, from + size));
      assert.deepEqual(heard, ['degraded {"atMs":1,"part":"redis"}', 'missed {"missed":3}'], `cut every ${size}`);
    }
  });

  test("a line without an end is not kept for ever", () => {
    const parse = parser(() => {});
    assert.throws(() => parse("x".repeat(70_000)), RangeError);
  });

  test("a stream that ends, fails or is refused is opened again, and each opening is told", async () => {
    const ended = (): ReadableStream<Uint8Array> => new Blob(['event: a\ndata: {"n":1}\n\n']).stream();
    const broken = (): ReadableStream<Uint8Array> => new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    const refused = (): never => {
      throw new Error("503");
    };
    const answers = [ended, refused, broken, ended];
    const told: string[] = [];
    let stop = (): void => {};
    await new Promise<void>((resolve) => {
      const stream = async (): Promise<ReadableStream<Uint8Array>> => (answers.shift() ?? ended)();
      const unused = async (): Promise<never> => refused();
      stop = listen(
        { get: unused, send: unused, stream },
        {
          opened: () => told.push("opened"),
          heard: ({ kind }) => told.push(kind),
          lost: () => void (told.push("lost"), answers.length === 0 && resolve()),
        },
      );
    });
    stop();
    assert.deepEqual(told, ["opened", "a", "lost", "lost", "opened", "lost", "opened", "a", "lost"]);
  });
});
