/** The forms that figures are exported in, read back as their readers read them. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createGuard, type Guard } from "seawall";
import { otlpMetrics } from "seawall/metrics";

import { type Backend, json, startBackend } from "./backend.js";
import { parsePrometheus, type Sample } from "./prometheus.js";
import { createWorld } from "./world.js";

let backend: Backend;
let guard: Guard;

before(async () => {
  backend = await startBackend();
  guard = createGuard({ metrics: true, retry: { attempts: 1 } }, createWorld());
  for (let call = 0; call < 5; call += 1) await (await guard.fetch(`${backend.url}/rest/v1/rooms`)).text();
  await (await guard.fetch(`${backend.url}/rest/v1/odd%22name%5C`)).text();
  backend.behave(json(503, {}));
  for (let call = 0; call < 7; call += 1) await guard.fetch(`${backend.url}/rest/v1/rooms`).then((response) => response.text(), () => "");
});

after(async () => {
  guard.close();
  await backend.close();
});

describe("JSON", () => {
  test("is the snapshot", async () => {
    const { at: _, ...snapshot } = await guard.metrics.snapshot();
    const { at: __, ...text } = JSON.parse(await guard.metrics.export("json")) as typeof snapshot & { at: number };
    assert.deepEqual(text, snapshot);
  });
});

describe("Prometheus text", () => {
  const value = (samples: Sample[], name: string, labels: Record<string, string>): number | undefined =>
    samples.find((sample) => sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text))?.value;

  test("is valid, and says what happened", async () => {
    const samples = parsePrometheus(await guard.metrics.export("prometheus"));
    const rooms = { service: "rest", class: "reads", endpoint: "/rest/v1/rooms" };
    assert.equal(value(samples, "seawall_client_calls_total", { ...rooms, outcome: "ok" }), 5);
    assert.equal(value(samples, "seawall_client_calls_total", { ...rooms, outcome: "server" }), 5);
    assert.equal(value(samples, "seawall_client_calls_total", { ...rooms, outcome: "circuit_open" }), 2);
    assert.equal(value(samples, "seawall_client_call_duration_seconds_count", rooms), 10);
    assert.equal(value(samples, "seawall_client_circuit_breaker_state", { dependency: "rest" }), 2);
    assert.equal(value(samples, "seawall_client_circuit_breaker_transitions_total", { dependency: "rest", to: "open" }), 1);
  });

  test("without anything counted is valid too", async () => {
    const idle = createGuard({ metrics: true }, createWorld());
    parsePrometheus(await idle.metrics.export("prometheus"));
    idle.close();
  });
});

describe("OTLP", () => {
  interface Point {
    attributes: { key: string; value: { stringValue: string } }[];
    startTimeUnixNano?: string;
    timeUnixNano: string;
    asInt?: string;
    count?: string;
    sum?: number;
    bucketCounts?: string[];
    explicitBounds?: number[];
  }
  interface Metric {
    name: string;
    unit: string;
    sum?: { dataPoints: Point[]; aggregationTemporality: number; isMonotonic: boolean };
    gauge?: { dataPoints: Point[] };
    histogram?: { dataPoints: Point[]; aggregationTemporality: number };
  }

  test("follows the JSON mapping: 64-bit numbers as strings, enums as numbers, one more count than bounds", async () => {
    const body = JSON.parse(await guard.metrics.export("otlp")) as { resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[] };
    const metrics = body.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
    assert.ok(metrics.length >= 6);
    for (const { name, sum, gauge, histogram } of metrics) {
      assert.match(name, /^seawall\.client\.[a-z_.]+$/);
      assert.equal([sum, gauge, histogram].filter(Boolean).length, 1, name);
      for (const point of (sum ?? gauge ?? histogram)?.dataPoints ?? []) {
        assert.match(point.timeUnixNano, /^\d{19}$/);
        if (!gauge) assert.match(point.startTimeUnixNano ?? "", /^\d{19}$/);
        if (!histogram) assert.match(point.asInt ?? "", /^\d+$/);
      }
      if (sum) assert.equal(sum.isMonotonic, true);
      if (sum ?? histogram) assert.equal((sum ?? histogram)?.aggregationTemporality, 2);
      for (const { count, bucketCounts = [], explicitBounds = [] } of histogram?.dataPoints ?? []) {
        assert.equal(bucketCounts.length, explicitBounds.length + 1);
        assert.equal(String(bucketCounts.reduce((total, within) => total + Number(within), 0)), count);
        assert.deepEqual(explicitBounds, [...new Set(explicitBounds)].sort((left, right) => left - right));
      }
    }
  });

  test("names the resource it is told", async () => {
    const text = JSON.stringify(otlpMetrics(await guard.metrics.snapshot(), { "service.name": "shop" }));
    assert.match(text, /"service.name","value":\{"stringValue":"shop"\}/);
  });
});
