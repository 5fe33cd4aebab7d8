/** One row a circuit: its switch, its statistics, and the hand on it. */

import type { Guard } from "seawall";

import { h, setText } from "../dom.ts";
import { breakerMenu } from "./breaker-menu.ts";
import type { BreakerReading } from "./readings.ts";
import { switchGlyph } from "./switch-glyph.ts";
import { milliseconds, stateWord } from "./words.ts";

export interface Breakers {
  element: HTMLElement;
  show(readings: readonly BreakerReading[]): void;
}

interface Row {
  element: HTMLElement;
  show(reading: BreakerReading): void;
}

export function breakerRows(guard: Guard): Breakers {
  const body = h("tbody");
  const idle = h("p", { class: "fine" });
  const rows = new Map<string, Row>();

  const rowFor = (reading: BreakerReading): Row | undefined => {
    const known = rows.get(reading.key);
    if (known !== undefined || unused(reading)) return known;
    const made = breakerRow(guard, reading.key);
    rows.set(reading.key, made);
    return made;
  };

  return {
    element: h(
      "section",
      { "aria-labelledby": "breakers-title" },
      h(
        "div",
        { class: "title" },
        h("h3", { id: "breakers-title", class: "eyebrow" }, "Circuits"),
        h("p", { class: "fine" }, "since the page was opened"),
      ),
      h("table", { class: "breakers" }, tableHead(), body),
      idle,
    ),
    show(readings) {
      const quiet: string[] = [];
      const known = rows.size;
      for (const reading of readings) {
        const row = rowFor(reading);
        if (row === undefined) quiet.push(reading.key);
        else row.show(reading);
      }
      // In the guard's own order, whichever was used first.
      if (rows.size > known) body.replaceChildren(...readings.flatMap(({ key }) => rows.get(key)?.element ?? []));
      setText(idle, quiet.length > 0 ? `Closed and not used yet: ${quiet.join(", ")}` : "");
    },
  };
}

function unused(reading: BreakerReading): boolean {
  return reading.state === "closed" && reading.successes + reading.failures === 0;
}

function tableHead(): HTMLElement {
  const unseen = (name: string) => h("th", { scope: "col" }, h("span", { class: "unseen" }, name));
  const figures = ["OK", "Failed", "p50 ms", "p95 ms"].map((name) => h("th", { scope: "col" }, name));
  return h("thead", {}, h("tr", {}, unseen("Circuit"), ...figures, unseen("By hand")));
}

function breakerRow(guard: Guard, key: string): Row {
  const glyph = switchGlyph();
  const state = h("span", { class: "state" });
  const probe = h("span", { class: "probe" });
  const figures = { ok: h("td"), failed: h("td", { class: "failed" }), p50: h("td"), p95: h("td") };
  const name = h("div", { class: "circuit" }, glyph.element, h("span", { class: "name" }, key), state, probe);
  const element = h(
    "tr",
    { "data-breaker": key },
    h("th", { scope: "row" }, name),
    ...Object.values(figures),
    h("td", {}, breakerMenu(guard, key)),
  );

  return {
    element,
    show(reading) {
      glyph.show(reading.state);
      element.dataset["state"] = reading.state;
      setText(state, stateWord(reading.state));
      setText(probe, reading.nextProbeIn === null ? "" : `probe in ${(reading.nextProbeIn / 1_000).toFixed(1)} s`);
      setText(figures.ok, String(reading.successes));
      setText(figures.failed, String(reading.failures));
      figures.failed.dataset["some"] = String(reading.failures > 0);
      setText(figures.p50, milliseconds(reading.p50));
      setText(figures.p95, milliseconds(reading.p95));
    },
  };
}
