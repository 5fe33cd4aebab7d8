/** One style sheet for every dashboard of a page, adopted: no inline style, nothing a strict policy would refuse. */

import chart from "uplot/dist/uPlot.min.css";

import own from "./dashboard.css";

let shared: CSSStyleSheet | undefined;

/** Opens the element's shadow root, or finds it open, with the style sheet in it. */
export function adoptStyles(element: HTMLElement): ShadowRoot {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(`${chart}\n${own}`);
  }
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [shared];
  return root;
}
