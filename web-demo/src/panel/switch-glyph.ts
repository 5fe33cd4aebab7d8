/** A knife switch: closed it carries the line, open its blade is lifted. */

import type { CircuitState } from "seawall";

import { svg } from "../dom.ts";

export interface SwitchGlyph {
  element: SVGElement;
  show(state: CircuitState): void;
}

export function switchGlyph(): SwitchGlyph {
  const element = svg(
    "svg",
    { class: "switch", viewBox: "0 0 48 24", "aria-hidden": true, "data-state": "closed" },
    svg("path", { class: "wire", d: "M1 17h11M36 17h11" }),
    svg("path", { class: "blade", d: "M14 17h20" }),
    svg("circle", { class: "terminal", cx: 14, cy: 17, r: 2.6 }),
    svg("circle", { class: "terminal", cx: 34, cy: 17, r: 2.6 }),
  );
  return { element, show: (state) => element.setAttribute("data-state", state) };
}
