/** How many more calls each limit would let through now, the tightest first. */

import type { LimitSnapshot } from "../../snapshot.js";
import { h, keyed, setText } from "../dom.js";
import { share } from "../measure.js";
import type { Reading } from "../source.js";
import type { Words } from "../words.js";

export interface Limits {
  readonly element: HTMLElement;
  show(reading: Reading): void;
}

const MOST_SHOWN = 8;

export function limits(words: Words): Limits {
  const { t, say, count } = words;
  const list = h("ul");
  const more = h("p", { class: "empty", hidden: true });
  const update = keyed<LimitSnapshot>(list, (limit) => gauge(limit, words));
  return {
    element: h("section", { class: "limits", "aria-labelledby": "limits" }, h("h3", { id: "limits" }, t.headRoom), list, more),
    show({ limits: all }) {
      const used = all.filter(({ endpoint }) => endpoint !== null);
      const sorted = (used.length > 0 ? used : [...all]).sort((left, right) => share(left) - share(right));
      // Rows that trade places each second cannot be read: the tightest are chosen, and shown by name.
      const shown = sorted.slice(0, MOST_SHOWN).sort((left, right) => left.name.localeCompare(right.name, "en"));
      update(shown, ({ name }) => name);
      more.hidden = sorted.length <= MOST_SHOWN;
      setText(more, say("moreRoom", { n: count(sorted.length - MOST_SHOWN) }));
    },
  };
}

function gauge(limit: LimitSnapshot, { t, say, count, span }: Words): { element: Element; show(limit: LimitSnapshot): void } {
  const fill = h("span", { class: "fill" });
  const meter = h("span", { class: "meter", role: "meter", "aria-label": say("callsLeft", { limit: limit.name }), "aria-valuemin": 0 }, fill);
  const figure = h("span", { class: "figure" });
  const name = h("span", { class: "name", title: limit.name }, limit.endpoint?.split("/").at(-1) ?? t.anyEndpoint, " ", h("span", { class: "class" }, t[`class_${limit.class}`]));
  return {
    element: h("li", {}, name, meter, figure),
    show(reading) {
      const left = share(reading);
      meter.setAttribute("aria-valuemax", String(reading.limit));
      meter.setAttribute("aria-valuenow", String(Math.max(0, Math.min(reading.limit, reading.remaining))));
      meter.dataset["tone"] = left < 0.1 ? "bad" : left < 0.3 ? "wait" : "";
      fill.style.transform = `scaleX(${left})`;
      setText(figure, say("room", { left: count(reading.remaining), limit: count(reading.limit), span: span(reading.window) }));
    },
  };
}
