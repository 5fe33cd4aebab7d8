/** How many more calls each limit would let through now, the tightest first. */

import type { LimitSnapshot } from "../../snapshot.js";
import { h, keyed, setText } from "../dom.js";
import { share } from "../measure.js";
import type { Reading } from "../source.js";
import { count, span } from "../words.js";

export interface Limits {
  readonly element: HTMLElement;
  show(reading: Reading): void;
}

const MOST_SHOWN = 8;

export function limits(): Limits {
  const list = h("ul");
  const more = h("p", { class: "empty", hidden: true });
  const update = keyed<LimitSnapshot>(list, gauge);
  return {
    element: h("section", { class: "limits", "aria-labelledby": "limits" }, h("h3", { id: "limits" }, "Head-room"), list, more),
    show({ limits: all }) {
      const used = all.filter(({ endpoint }) => endpoint !== null);
      const sorted = (used.length > 0 ? used : [...all]).sort((left, right) => share(left) - share(right));
      // Rows that trade places each second cannot be read: the tightest are chosen, and shown by name.
      const shown = sorted.slice(0, MOST_SHOWN).sort((left, right) => left.name.localeCompare(right.name, "en"));
      update(shown, ({ name }) => name);
      more.hidden = sorted.length <= MOST_SHOWN;
      setText(more, `and ${sorted.length - MOST_SHOWN} with more room`);
    },
  };
}

function gauge(limit: LimitSnapshot): { element: Element; show(limit: LimitSnapshot): void } {
  const fill = h("span", { class: "fill" });
  const meter = h("span", { class: "meter", role: "meter", "aria-label": `${limit.name}: calls left`, "aria-valuemin": 0 }, fill);
  const figure = h("span", { class: "figure" });
  const name = h("span", { class: "name", title: limit.name }, limit.endpoint?.split("/").at(-1) ?? "any endpoint", " ", h("span", { class: "class" }, limit.class));
  return {
    element: h("li", {}, name, meter, figure),
    show(reading) {
      const left = share(reading);
      meter.setAttribute("aria-valuemax", String(reading.limit));
      meter.setAttribute("aria-valuenow", String(Math.max(0, Math.min(reading.limit, reading.remaining))));
      meter.dataset["tone"] = left < 0.1 ? "bad" : left < 0.3 ? "wait" : "";
      fill.style.transform = `scaleX(${left})`;
      setText(figure, `${count(reading.remaining)} of ${count(reading.limit)} in ${span(reading.window)}`);
    },
  };
}
