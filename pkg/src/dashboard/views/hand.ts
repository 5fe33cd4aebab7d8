/** The hand on one circuit: a small menu that opens and closes by mouse and keyboard alike. */

import { h } from "../dom.js";
import type { Move } from "../source.js";
import type { Words } from "../words.js";

const MOVES: readonly Move[] = ["forceOpen", "forceClosed", "disable", "reset"];

export function hand(key: string, move: (move: Move) => void, { t, say }: Words): HTMLElement {
  const summary = h("summary", {}, h("span", { "aria-hidden": "true" }, "⋯"), h("span", { class: "unseen" }, say("moveMenu", { circuit: key })));
  const menu = h("details", { class: "menu" }, summary);
  const close = (): void => {
    menu.open = false;
    summary.focus();
  };
  const choices = MOVES.map((chosen) => {
    const label = t[`move_${chosen}`];
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
