/** One row an endpoint and class, the busiest first. */

import type { EndpointMetrics } from "../../metrics/figures.js";
import { sumOf } from "../../metrics/totals.js";
import { h, keyed, setText } from "../dom.js";
import { outcomes } from "../series.js";
import type { Reading } from "../source.js";
import type { Words } from "../words.js";

export interface Endpoints {
  readonly element: HTMLElement;
  show(reading: Reading): void;
}

export function endpoints(words: Words): Endpoints {
  const { t } = words;
  const columns = [t.calls, t.success, t.p50, t.p95, t.p99, t.retries, t.joined, t.cached, t.queuedP95];
  const body = h("tbody");
  const empty = h("p", { class: "empty" }, t.noCall);
  const update = keyed<EndpointMetrics>(body, (row) => endpointRow(row, columns.length, words));
  const head = columns.map((name) => h("th", { scope: "col" }, name));
  const table = h("table", { hidden: true }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t.endpoint), ...head)), body);
  return {
    element: h(
      "section",
      { class: "endpoints", "aria-labelledby": "endpoints" },
      h("h3", { id: "endpoints" }, t.endpoints),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t.endpointFigures }, table, empty),
    ),
    show({ endpoints: rows }) {
      table.hidden = rows.length === 0;
      empty.hidden = rows.length > 0;
      const busiest = [...rows].sort((left, right) => right.calls - left.calls);
      update(busiest, ({ class: operation, endpoint, service }) => `${service} ${operation} ${endpoint}`);
    },
  };
}

function endpointRow({ class: operation, endpoint }: EndpointMetrics, columns: number, { t, count, percent, latency }: Words): { element: Element; show(row: EndpointMetrics): void } {
  const cells = Array.from({ length: columns }, () => h("td"));
  const name = h("th", { scope: "row" }, h("span", { class: "path" }, endpoint === "other" ? t.otherEndpoints : endpoint), " ", h("span", { class: "class" }, t[`class_${operation}`]));
  return {
    element: h("tr", {}, name, ...cells),
    show(row) {
      const { answered, failed } = outcomes(row);
      const ended = answered + failed;
      const texts = [
        count(row.calls),
        percent(ended === 0 ? null : answered / ended),
        latency(row.latency.p50),
        latency(row.latency.p95),
        latency(row.latency.p99),
        count(row.retries),
        count(sumOf(row.joined)),
        count((row.cache.fresh ?? 0) + (row.cache.stale ?? 0)),
        latency(row.queue.p95),
      ];
      texts.forEach((text, place) => {
        const cell = cells[place];
        if (cell) setText(cell, text);
      });
      if (cells[1]) cells[1].dataset["tone"] = failed > 0 ? "bad" : "";
    },
  };
}
