/** In one line: how the circuits stand, whose they are, and since when. */

import type { CircuitState } from "../../vocabulary.js";
import { h, setText } from "../dom.js";
import type { Reading, ShownBreaker } from "../source.js";
import type { Words } from "../words.js";
import { glyph } from "./glyph.js";

export interface Head {
  readonly element: HTMLElement;
  show(reading: Reading, raised: number): void;
  name(source: string): void;
}

/** From fine to grave. */
const GRAVITY: readonly CircuitState[] = ["closed", "metrics_only", "disabled", "forced_closed", "half_open", "open", "forced_open"];

export function head(words: Words): Head {
  const { t, say, time, count } = words;
  const drawing = glyph();
  const verdict = h("h2", { class: "verdict" }, t.waitingForFigures);
  const source = h("span");
  const since = h("span");
  const alerts = h("span", { class: "count", hidden: true });
  drawing.show("closed");
  return {
    element: h("header", { class: "head" }, drawing.element, verdict, h("p", { class: "source" }, alerts, source, since)),
    name: (text) => setText(source, text),
    show({ breakers, since: from, trouble }, raised) {
      const gravest = GRAVITY[Math.max(0, ...breakers.map(({ state }) => GRAVITY.indexOf(state)))] ?? "closed";
      drawing.show(trouble === undefined ? gravest : "half_open");
      setText(verdict, trouble ?? sentence(breakers, gravest, words));
      setText(since, say("sinceTime", { time: time(from) }));
      setText(alerts, raised === 1 ? t.alertCountOne : say("alertCount", { n: count(raised) }));
      alerts.hidden = raised === 0;
    },
  };
}

function sentence(breakers: readonly ShownBreaker[], gravest: CircuitState, { t, say }: Words): string {
  if (gravest === "closed") return t.verdictClosed;
  const keys = breakers.filter(({ state }) => state === gravest).map(({ key }) => key);
  return say(keys.length === 1 ? "verdictOne" : "verdictSome", { state: t[`state_${gravest}`], circuits: keys.join(", ") });
}
