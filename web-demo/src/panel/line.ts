/**
 * The line from this page to the server, drawn large: each call is a light that
 * runs along it, turns back red when it failed, and stops at an open switch.
 */

import type { CircuitState } from "seawall";

import { h, svg } from "../dom.ts";
import type { FaultMode } from "../faults.ts";

export type Passage = "answered" | "failed" | "refused";

export interface Line {
  element: HTMLElement;
  show(state: CircuitState): void;
  showServer(mode: FaultMode): void;
  pulse(passage: Passage): void;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");
/** A burst is a crowd of lights, not a thousand elements. */
const MOST_LIGHTS = 24;

/** Where the light is, as shares of the way, and how it leaves. */
const journeys: Record<Passage, { stops: number[]; duration: number }> = {
  answered: { stops: [0, 284], duration: 700 },
  failed: { stops: [0, 284, 150], duration: 900 },
  refused: { stops: [0, 110, 96], duration: 420 },
};

export function line(): Line {
  const lights = svg("g", { class: "lights" });
  const element = svg(
    "svg",
    { class: "line", viewBox: "0 0 360 76", "aria-hidden": true, "data-state": "closed", "data-server": "none" },
    svg("path", { class: "wire", d: "M38 40h104M218 40h104" }),
    svg("path", { class: "blade", d: "M144 40h72" }),
    svg("circle", { class: "terminal", cx: 144, cy: 40, r: 4.5 }),
    svg("circle", { class: "terminal", cx: 216, cy: 40, r: 4.5 }),
    svg("circle", { class: "station", cx: 26, cy: 40, r: 11 }),
    svg("circle", { class: "station server", cx: 334, cy: 40, r: 11 }),
    svg("text", { x: 26, y: 70 }, "page"),
    svg("text", { x: 334, y: 70 }, "server"),
    lights,
  );

  return {
    element: h("div", { class: "line-holder" }, element),
    show: (state) => element.setAttribute("data-state", state),
    showServer: (mode) => element.setAttribute("data-server", mode),
    pulse(passage) {
      if (still.matches || document.hidden || lights.childElementCount >= MOST_LIGHTS) return;
      const light = svg("circle", { class: passage, cx: 38, cy: 40, r: 4 });
      lights.append(light);
      const { stops, duration } = journeys[passage];
      const frames = stops.map((x, index) => ({
        transform: `translateX(${x}px)`,
        opacity: index === stops.length - 1 ? 0 : 1,
      }));
      light.animate(frames, { duration, easing: "ease-in-out" }).onfinish = () => light.remove();
    },
  };
}
