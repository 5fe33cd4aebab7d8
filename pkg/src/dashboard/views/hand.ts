/** The hand on one circuit: a small menu that opens and closes by mouse and keyboard alike. */

import { h } from "../dom.js";
import type { Move } from "../source.js";
import { MOVES } from "../words.js";

export function hand(key: string, move: (move: Move) => void): HTMLElement {
  const summary = h("summary", {}, h("span", { "aria-hidden": "true" }, "⋯"), h("span", { class: "unseen" }, `Move ${key} by hand`));
  const menu = h("details", { class: "menu" }, summary);
  const close = (): void => {
    menu.open = false;
    summary.focus();
  };
  const choices = MOVES.map(({ move: chosen, label }) => {
    const onclick = (): void => {
      close();
      move(chosen);
    };
    return h("button", { type: "button", "aria-label": `${label}: ${key}`, onclick }, label);
  });
  menu.append(h("div", { class: "choices" }, ...choices));
  menu.addEventListener("keydown", (event) => {
    const keys = { Escape: "close", ArrowDown: "next", ArrowUp: "before" } as const;
    const wanted = keys[event.key as keyof typeof keys];
    if (!menu.open || wanted === undefined) return;
    event.preventDefault();
    if (wanted === "close") return close();
    const root = menu.getRootNode() as ShadowRoot;
    const place = choices.findIndex((choice) => choice === root.activeElement);
    choices[(place + (wanted === "next" ? 1 : choices.length - 1) + (place < 0 && wanted === "before" ? 1 : 0)) % choices.length]?.focus();
  });
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) menu.open = false;
  });
  return menu;
}
