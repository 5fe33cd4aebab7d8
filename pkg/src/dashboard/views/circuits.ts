/** One row a circuit: how it stands and why, when it tries again, its figures, and, for administrators, the hand on it. */

import type { Transition } from "../../metrics/figures.js";
import { h, keyed, type KeyedRow, setText } from "../dom.js";
import type { Move, Reading, ShownBreaker } from "../source.js";
import { tone, type Words } from "../words.js";
import { glyph } from "./glyph.js";
import { hand } from "./hand.js";

export interface Circuits {
  readonly element: HTMLElement;
  show(reading: Reading): void;
  /** Time passes between readings too. */
  countDown(now: number): void;
  /** Shows the hands, or takes them away. */
  steer(move: ((breaker: string, move: Move) => void) | undefined): void;
}

interface Shown {
  readonly breaker: ShownBreaker;
  readonly latest: Transition | undefined;
}

export function circuits(words: Words): Circuits {
  const { t } = words;
  const body = h("tbody");
  const rows = new Set<{ countDown(now: number): void; steer(move: ((breaker: string, move: Move) => void) | undefined): void }>();
  let steering: ((breaker: string, move: Move) => void) | undefined;
  let readAt = 0;

  const update = keyed<Shown>(body, ({ breaker: { key } }) => {
    const row = circuitRow(key, () => readAt, words);
    row.steer(steering);
    rows.add(row);
    return row;
  });
  const byHand = h("th", { scope: "col", class: "hand", hidden: true }, h("span", { class: "unseen" }, t.byHand));

  return {
    element: h(
      "section",
      { class: "circuits", "aria-labelledby": "circuits" },
      h("h3", { id: "circuits" }, t.circuits),
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, h("span", { class: "unseen" }, t.circuit)),
            h("th", { scope: "col" }, t.success),
            ...[t.failures, t.refusedCalls, t.p95].map((name) => h("th", { scope: "col", class: "wide" }, name)),
            byHand,
          ),
        ),
        body,
      ),
    ),
    show(reading) {
      readAt = reading.at;
      const latest = new Map(reading.history.map((transition) => [transition.breaker, transition]));
      update(reading.breakers.map((breaker) => ({ breaker, latest: latest.get(breaker.key) })), ({ breaker }) => breaker.key);
    },
    countDown(now) {
      for (const row of rows) row.countDown(now);
    },
    steer(move) {
      if (move === steering) return;
      steering = move;
      byHand.hidden = !move;
      for (const row of rows) row.steer(move);
    },
  };
}

/** Why it stands as it stands; of one that is closed, what it has seen. */
function explanation({ state, successes, failures }: ShownBreaker, latest: Transition | undefined, { t, say, count }: Words): string {
  if (state !== "closed") return latest?.to === state ? t[`cause_${latest.cause}`] : "";
  const attempts = successes + failures;
  if (attempts === 0) return t.notUsed;
  return attempts === 1 ? t.attemptCountOne : say("attemptCount", { n: count(attempts) });
}

type CircuitRow = KeyedRow<Shown> & { countDown(now: number): void; steer(move: ((breaker: string, move: Move) => void) | undefined): void };

function circuitRow(key: string, readAt: () => number, words: Words): CircuitRow {
  const { t, say, count, percent, latency, number } = words;
  const drawing = glyph();
  const state = h("strong", { class: "state" });
  const why = h("span", { class: "why" });
  const probe = h("span", { class: "probe" });
  const success = h("td");
  const failures = h("td", { class: "wide" });
  const refused = h("td", { class: "wide" });
  const p95 = h("td", { class: "wide" });
  const controls = h("td", { class: "hand", hidden: true });
  let probeAt: number | null = null;
  const element = h(
    "tr",
    { "data-breaker": key },
    h("th", { scope: "row" }, h("div", { class: "circuit" }, drawing.element, h("span", { class: "key" }, key), state, h("span", { class: "more" }, why, probe))),
    success,
    failures,
    refused,
    p95,
    controls,
  );

  const countDown = (now: number): void => {
    setText(probe, probeAt === null ? "" : say("nextProbe", { n: number(Math.max(0, Math.ceil((probeAt - now) / 1_000))) }));
  };

  return {
    element,
    show({ breaker, latest }) {
      drawing.show(breaker.state);
      element.dataset["state"] = breaker.state;
      element.dataset["tone"] = tone(breaker.state);
      setText(state, t[`state_${breaker.state}`]);
      setText(why, explanation(breaker, latest, words));
      probeAt = breaker.nextProbeIn === null ? null : readAt() + breaker.nextProbeIn;
      countDown(readAt());
      setText(success, percent(breaker.successRate));
      setText(failures, count(breaker.failures));
      failures.dataset["tone"] = breaker.failures > 0 ? "bad" : "";
      setText(refused, count(breaker.refused));
      setText(p95, latency(breaker.p95));
    },
    countDown,
    steer(move) {
      controls.hidden = !move;
      controls.replaceChildren(...(move ? [hand(key, (chosen) => move(key, chosen), words)] : []));
    },
  };
}
