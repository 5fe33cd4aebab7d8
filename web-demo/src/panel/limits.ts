/** How many more calls of each class the limiter would let through now. */

import { h, setText } from "../dom.ts";
import type { LimitReading } from "./readings.ts";

export interface Limits {
  element: HTMLElement;
  show(readings: readonly LimitReading[]): void;
}

interface Gauge {
  element: HTMLElement;
  show(reading: LimitReading): void;
}

export function limitGauges(): Limits {
  const list = h("ul", { class: "limits" });
  const gauges = new Map<string, Gauge>();

  return {
    element: h(
      "section",
      { "aria-labelledby": "limits-title" },
      h("h3", { id: "limits-title", class: "eyebrow" }, "Head-room of the limiter"),
      list,
    ),
    show(readings) {
      for (const reading of readings) {
        let gauge = gauges.get(reading.name);
        if (gauge === undefined) {
          gauge = limitGauge(reading.name);
          gauges.set(reading.name, gauge);
          list.append(gauge.element);
        }
        gauge.show(reading);
      }
    },
  };
}

function limitGauge(name: string): Gauge {
  const fill = h("span", { class: "fill" });
  const meter = h("span", { class: "meter", role: "meter", "aria-label": `${name} left`, "aria-valuemin": 0 }, fill);
  const figure = h("span", { class: "figure" });
  return {
    element: h("li", {}, h("span", { class: "name" }, name), meter, figure),
    show({ limit, remaining }) {
      const share = limit === 0 ? 0 : remaining / limit;
      meter.setAttribute("aria-valuemax", String(limit));
      meter.setAttribute("aria-valuenow", String(remaining));
      meter.dataset["low"] = String(share < 0.2);
      fill.style.transform = `scaleX(${share})`;
      setText(figure, `${remaining} of ${limit}`);
    },
  };
}
