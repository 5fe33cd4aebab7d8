/** What happened to the circuits, the latest first, each with its cause. */

import type { Transition } from "../../metrics/figures.js";
import { h } from "../dom.js";
import type { Reading } from "../source.js";
import { CAUSE_WORDS, clock, STATE_WORDS, tone } from "../words.js";

export interface History {
  readonly element: HTMLElement;
  show(reading: Reading): void;
}

export function history(): History {
  const list = h("ol", { class: "scroll", tabindex: 0, role: "list", "aria-labelledby": "history" });
  const empty = h("li", { class: "empty" }, "No circuit has changed.");
  list.append(empty);
  let shown = "";
  return {
    element: h("section", { class: "history", "aria-labelledby": "history" }, h("h3", { id: "history" }, "Transitions"), list),
    show({ history: transitions }) {
      const key = `${transitions.length} ${transitions.at(-1)?.at ?? 0}`;
      if (key === shown) return;
      shown = key;
      list.replaceChildren(...(transitions.length === 0 ? [empty] : [...transitions].reverse().map(entry)));
    },
  };
}

function entry({ at, breaker, from, to, cause }: Transition): HTMLElement {
  return h(
    "li",
    { "data-breaker": breaker, "data-to": to },
    h("time", { datetime: new Date(at).toISOString() }, clock.format(at)),
    h("span", { class: "key" }, breaker),
    h("span", {}, `${STATE_WORDS[from]} → `, h("strong", { "data-tone": tone(to) }, STATE_WORDS[to])),
    h("span", { class: "why" }, CAUSE_WORDS[cause]),
  );
}
