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
  let classesShown = true;

  return {
    element: h(
      "section",
      { class: "head-room", "aria-labelledby": "limits-title" },
      h("h3", { id: "limits-title", class: "eyebrow" }, "Head-room of the limiter"),
      list,
    ),
    show(readings) {
      const called = inUse(readings);
      if (classesShown && called[0]?.endpoint != null) {
        classesShown = false;
        list.replaceChildren();
        gauges.clear();
      }
      for (const reading of called) {
        let gauge = gauges.get(reading.name);
        if (gauge === undefined) {
          gauge = limitGauge(nameOf(reading));
          gauges.set(reading.name, gauge);
          list.append(gauge.element);
        }
        gauge.show(reading);
      }
    },
  };
}

/** The limiter counts per endpoint: the policy's own line for a class stands only until one is called. */
function inUse(readings: readonly LimitReading[]): LimitReading[] {
  const called = readings.filter((reading) => reading.endpoint !== null);
  return called.length > 0 ? called : [...readings];
}

function nameOf({ class: operation, endpoint }: LimitReading): string {
  return endpoint === null ? operation : `${operation} ${endpoint.split("/").at(-1)}`;
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
