/** The state of the whole guard in a headline and a sentence. */

import type { CircuitState } from "seawall";

import { h, setText } from "../dom.ts";
import { type BreakerReading, gravest } from "./readings.ts";
import { stateWord } from "./words.ts";

const sentences: Record<CircuitState, string> = {
  closed: "Calls pass.",
  open: "Calls fail at once, without a request.",
  half_open: "Probes find out whether the server is back.",
  forced_open: "Calls fail at once, until somebody lets go.",
  forced_closed: "Calls pass, whatever happens, until somebody lets go.",
  disabled: "Calls pass unwatched.",
  metrics_only: "Calls pass and are counted.",
};

export interface Verdict {
  element: HTMLElement;
  show(breakers: readonly BreakerReading[]): void;
}

export function verdict(): Verdict {
  const headline = h("p", { class: "headline" });
  const sentence = h("p", { class: "fine" });
  return {
    element: h("div", { class: "verdict", role: "status" }, headline, sentence),
    show(breakers) {
      const state = gravest(breakers);
      setText(headline, headlineOf(breakers, state));
      setText(sentence, sentences[state]);
    },
  };
}

function headlineOf(breakers: readonly BreakerReading[], state: CircuitState): string {
  const keys = breakers.filter((breaker) => breaker.state === state).map((breaker) => breaker.key);
  if (keys.length === breakers.length) return `All circuits ${stateWord(state)}`;
  return `Circuit${keys.length === 1 ? "" : "s"} ${stateWord(state)}: ${keys.join(", ")}`;
}
