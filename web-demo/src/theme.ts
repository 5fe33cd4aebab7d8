/** Day and night, as the system says until the reader says otherwise. */

import { h, setText } from "./dom.ts";

const KEY = "seawall-demo-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

export function themeSwitch(): HTMLButtonElement {
  const button = h("button", { type: "button", class: "quiet", title: "Change the colours", onclick: () => apply(night() ? "light" : "dark") });
  const label = () => setText(button, night() ? "Day" : "Night");
  const apply = (theme: string) => {
    document.documentElement.dataset["theme"] = theme;
    localStorage.setItem(KEY, theme);
    label();
  };

  const stored = localStorage.getItem(KEY);
  if (stored === "light" || stored === "dark") document.documentElement.dataset["theme"] = stored;
  dark.addEventListener("change", label);
  label();
  return button;
}

function night(): boolean {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === undefined ? dark.matches : chosen === "dark";
}
