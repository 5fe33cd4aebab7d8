/** A knife switch: closed it carries the line, open its blade is lifted. The word beside it says the same. */

import type { CircuitState } from "../../vocabulary.js";
import { svg } from "../dom.js";
import { tone } from "../words.js";

export interface Glyph {
  readonly element: SVGElement;
  show(state: CircuitState): void;
}

export function glyph(): Glyph {
  const element = svg(
    "svg",
    { class: "glyph", viewBox: "0 0 44 20", "aria-hidden": "true" },
    svg("path", { class: "wire", d: "M2 14h9M33 14h9" }),
    svg("path", { class: "blade", d: "M12 14h20" }),
    svg("circle", { cx: 12, cy: 14, r: 2.5 }),
    svg("circle", { cx: 32, cy: 14, r: 2.5 }),
  );
  return {
    element,
    show(state) {
      element.setAttribute("data-state", state);
      element.setAttribute("data-tone", tone(state));
    },
  };
}
