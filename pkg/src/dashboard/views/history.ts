/** What happened to the circuits, the latest first, each with its cause. */

import type { Transition } from "../../metrics/figures.js";
import { h } from "../dom.js";
import type { Reading } from "../source.js";
import { tone, type Words } from "../words.js";

export interface History {
  readonly element: HTMLElement;
  show(reading: Reading): void;
}

export function history(words: Words): History {
  const { t } = words;
  const list = h("ol", { class: "scroll", tabindex: 0, role: "list", "aria-labelledby": "history" });
  const empty = h("li", { class: "empty" }, t.noTransition);
  list.append(empty);
  let shown = "";
  return {
    element: h("section", { class: "history", "aria-labelledby": "history" }, h("h3", { id: "history" }, t.transitions), list),
    show({ history: transitions }) {
      const key = `${transitions.length} ${transitions.at(-1)?.at ?? 0}`;
      if (key === shown) return;
      shown = key;
      list.replaceChildren(...(transitions.length === 0 ? [empty] : [...transitions].reverse().map((transition) => entry(transition, words))));
    },
  };
}

function entry({ at, breaker, from, to, cause }: Transition, { t, time }: Words): HTMLElement {
  return h(
    "li",
    { "data-breaker": breaker, "data-to": to },
    h("time", { datetime: new Date(at).toISOString() }, time(at)),
    h("span", { class: "key" }, breaker),
    h("span", {}, `${t[`state_${from}`]} → `, h("strong", { "data-tone": tone(to) }, t[`state_${to}`])),
    h("span", { class: "why" }, t[`cause_${cause}`]),
  );
}
