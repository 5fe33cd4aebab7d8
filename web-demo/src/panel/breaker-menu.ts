/** The hand on one circuit: hold it open, close it, switch it off, start it over. */

import type { Breaker, Guard } from "seawall";

import { h } from "../dom.ts";

const actions: { label: string; act: (breaker: Breaker) => void }[] = [
  { label: "Force open", act: (breaker) => breaker.forceOpen() },
  { label: "Force closed", act: (breaker) => breaker.forceClosed() },
  { label: "Disable", act: (breaker) => breaker.disable() },
  { label: "Reset", act: (breaker) => breaker.reset() },
];

export function breakerMenu(guard: Guard, key: string): HTMLElement {
  const summary = h("summary", { title: `Move ${key} by hand` }, h("span", { "aria-hidden": true }, "⋯"));
  summary.append(h("span", { class: "unseen" }, `Move ${key} by hand`));
  const menu = h("details", { class: "menu" }, summary);

  const close = () => {
    menu.open = false;
    summary.focus();
  };
  const buttons = actions.map(({ label, act }) => {
    const onclick = () => {
      const breaker = guard.breakers.get(key);
      if (breaker) act(breaker);
      close();
    };
    return h("button", { type: "button", "aria-label": `${label}: ${key}`, onclick }, label);
  });

  menu.append(h("div", { class: "choices" }, ...buttons));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) close();
  });
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && !menu.contains(relatedTarget)) menu.open = false;
  });
  return menu;
}
