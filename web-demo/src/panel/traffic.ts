/** The last minute, a column a second: requests, how many failed, how many were refused at once. */

import { h, setText, svg } from "../dom.ts";
import type { Totals } from "./tally.ts";

const SECONDS = 60;
const HEIGHT = 44;
/** So that a single request is not drawn as a flood. */
const LEAST_PEAK = 6;

export interface Traffic {
  element: HTMLElement;
  /** Called with running totals; what was added since the last call belongs to this second. */
  show(totals: Totals, nowMs: number): void;
}

interface Column extends Totals {
  second: number;
}

export function trafficChart(): Traffic {
  const figures = { requests: h("dd"), failures: h("dd"), refused: h("dd") };
  const columns = Array.from({ length: SECONDS }, (_, place) => column(place));
  const chart = svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${SECONDS * 4} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
    svg("title", {}, "Requests, failures and refusals of the last minute"),
    ...columns.map((drawn) => drawn.element),
  );
  let seconds: Column[] = [];
  let before: Totals | null = null;

  return {
    element: h(
      "section",
      { "aria-labelledby": "traffic-title" },
      h("h3", { id: "traffic-title", class: "eyebrow" }, "The last minute"),
      h(
        "dl",
        { class: "figures" },
        h("div", { class: "sent" }, h("dt", {}, "Requests"), figures.requests),
        h("div", { class: "failed" }, h("dt", {}, "Failed"), figures.failures),
        h("div", { class: "refused" }, h("dt", {}, "Refused at once"), figures.refused),
      ),
      chart,
    ),
    show(totals, nowMs) {
      const second = Math.floor(nowMs / 1_000);
      seconds = advance(seconds, second, subtract(totals, before ?? totals));
      before = { ...totals };
      const sum = seconds.reduce(add, { requests: 0, failures: 0, refused: 0 });
      setText(figures.requests, String(sum.requests));
      setText(figures.failures, String(sum.failures));
      figures.failures.dataset["some"] = String(sum.failures > 0);
      setText(figures.refused, String(sum.refused));
      draw(columns, seconds, second);
    },
  };
}

function advance(seconds: Column[], second: number, added: Totals): Column[] {
  const kept = seconds.filter((column) => column.second > second - SECONDS && column.second !== second);
  const current = seconds.find((column) => column.second === second) ?? { second, requests: 0, failures: 0, refused: 0 };
  return [...kept, { ...add(current, added), second }];
}

function add(left: Totals, right: Totals): Totals {
  return {
    requests: left.requests + right.requests,
    failures: left.failures + right.failures,
    refused: left.refused + right.refused,
  };
}

function subtract(left: Totals, right: Totals): Totals {
  return {
    requests: left.requests - right.requests,
    failures: left.failures - right.failures,
    refused: left.refused - right.refused,
  };
}

interface DrawnColumn {
  element: SVGElement;
  show(column: Column | undefined, peak: number): void;
}

/** Three bars on top of each other: answered below, failed above it, refused at the top. */
function column(place: number): DrawnColumn {
  const bars = ["answered", "failed", "refused"].map((name) =>
    svg("rect", { class: name, x: place * 4, width: 3, y: HEIGHT, height: 0 }),
  );
  return {
    element: svg("g", {}, ...bars),
    show(values, peak) {
      const parts = values ? [values.requests - values.failures, values.failures, values.refused] : [0, 0, 0];
      let base = HEIGHT;
      bars.forEach((bar, index) => {
        const height = (Math.max(0, parts[index] ?? 0) / peak) * HEIGHT;
        base -= height;
        bar.setAttribute("y", String(base));
        bar.setAttribute("height", String(height));
      });
    },
  };
}

function draw(columns: DrawnColumn[], seconds: Column[], now: number): void {
  const peak = Math.max(LEAST_PEAK, ...seconds.map((each) => each.requests + each.refused));
  columns.forEach((drawn, place) => {
    const second = now - SECONDS + 1 + place;
    drawn.show(seconds.find((each) => each.second === second), peak);
  });
}
