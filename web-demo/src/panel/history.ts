/** What happened to the circuits, the latest first, each with its cause. */

import type { TransitionEvent } from "seawall";

import { h } from "../dom.ts";
import { causeWords, clock, stateWord } from "./words.ts";

const KEPT = 40;

export interface History {
  element: HTMLElement;
  add(transition: TransitionEvent): void;
}

export function transitionHistory(): History {
  const empty = h("li", { class: "fine" }, "No circuit has changed yet. Switch the server to Failing and watch.");
  const list = h("ol", { class: "history", tabindex: 0, "aria-labelledby": "history-title" }, empty);

  return {
    element: h(
      "section",
      { "aria-labelledby": "history-title" },
      h("h3", { id: "history-title", class: "eyebrow" }, "Log of the circuits"),
      list,
    ),
    add(transition) {
      empty.remove();
      list.prepend(entry(transition));
      while (list.children.length > KEPT) list.lastElementChild?.remove();
    },
  };
}

function entry({ at, breaker, from, to, cause }: TransitionEvent): HTMLElement {
  const when = new Date(at);
  return h(
    "li",
    { "data-to": to, "data-key": breaker },
    h("time", { datetime: when.toISOString() }, clock.format(when)),
    h("span", { class: "key" }, breaker),
    h("span", { class: "change" }, `${stateWord(from)} → `, h("strong", {}, stateWord(to))),
    h("span", { class: "cause" }, causeWords(cause)),
  );
}
