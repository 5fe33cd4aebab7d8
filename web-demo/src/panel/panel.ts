/** The guard's panel: fed by guard.snapshot() and guard.on() and by nothing else. */

import type { CircuitState } from "seawall";

import type { Connection } from "../connection.ts";
import { h } from "../dom.ts";
import { breakerRows } from "./breakers.ts";
import { burstOfReads } from "./burst.ts";
import { transitionHistory } from "./history.ts";
import { limitGauges } from "./limits.ts";
import { line } from "./line.ts";
import { gravest } from "./readings.ts";
import { serverSwitch } from "./server-switch.ts";
import { followCalls } from "./tally.ts";
import { trafficChart } from "./traffic.ts";
import { verdict } from "./verdict.ts";

const TICK_MS = 250;

export function guardPanel({ guard, client }: Connection, onState: (state: CircuitState) => void): HTMLElement {
  const drawing = line();
  const judgement = verdict();
  const breakers = breakerRows(guard);
  const traffic = trafficChart();
  const limits = limitGauges();
  const history = transitionHistory();
  const totals = followCalls(guard, drawing.pulse);

  const tick = () => {
    const snapshot = guard.snapshot();
    const state = gravest(snapshot.breakers);
    onState(state);
    drawing.show(state);
    judgement.show(snapshot.breakers);
    breakers.show(snapshot.breakers);
    traffic.show(totals, Date.now());
    limits.show(snapshot.limits);
  };

  guard.on("transition", (transition) => {
    history.add(transition);
    tick();
  });
  setInterval(tick, TICK_MS);
  tick();

  return h(
    "aside",
    { class: "shore", id: "guard", "aria-labelledby": "guard-title" },
    h(
      "header",
      { class: "panel-head" },
      h("h2", { id: "guard-title", class: "eyebrow" }, "The guard"),
      judgement.element,
      drawing.element,
    ),
    serverSwitch(() => burstOfReads({ guard, client }), drawing.showServer).element,
    traffic.element,
    breakers.element,
    history.element,
    limits.element,
  );
}
