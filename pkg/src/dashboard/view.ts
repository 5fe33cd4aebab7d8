/** The dashboard's parts, in their order on the page. */

import type { RuleState } from "./rules.js";
import type { Series } from "./series.js";
import type { Move, Reading } from "./source.js";
import { h, setText } from "./dom.js";
import { type Alerts, alerts } from "./views/alerts.js";
import { latencyChart, volumeChart } from "./views/charts.js";
import { type Circuits, circuits } from "./views/circuits.js";
import { endpoints } from "./views/endpoints.js";
import { groups } from "./views/groups.js";
import { type Head, head } from "./views/head.js";
import { history } from "./views/history.js";
import { limits } from "./views/limits.js";
import { type Panels, panels } from "./views/panels.js";
import { summary } from "./views/summary.js";
import type { Words } from "./words.js";

export interface View {
  readonly head: Head;
  readonly circuits: Circuits;
  readonly alerts: Alerts;
  readonly panels: Panels;
  show(reading: Reading, series: Series, rules: readonly RuleState[]): void;
  /** Says to those who cannot see it that a circuit was moved. */
  moved(breaker: string, move: Move): void;
  announce(text: string): void;
  /** The colours have changed. */
  repaint(): void;
  start(): void;
  stop(): void;
}

export function createView(root: ShadowRoot, words: Words): View {
  const { t, say } = words;
  const parts = {
    head: head(words),
    summary: summary(words),
    circuits: circuits(words),
    alerts: alerts(words),
    volume: volumeChart(words),
    latency: latencyChart(words),
    endpoints: endpoints(words),
    limits: limits(words),
    history: history(words),
    groups: groups(words),
    panels: panels(words),
  };
  const said = h("p", { class: "unseen", role: "status" });
  const charts = [parts.volume, parts.latency];
  const counted = [parts.summary, ...charts, parts.endpoints, parts.limits];
  root.replaceChildren(h("div", { class: "dashboard" }, ...Object.values(parts).map(({ element }) => element), said));
  let lastTransition: number | undefined;

  /** Transitions since the last reading, in words. */
  function tellTransitions({ history: transitions }: Reading): void {
    const latest = transitions.at(-1)?.at ?? 0;
    const news = lastTransition === undefined ? [] : transitions.filter(({ at, cause }) => at > (lastTransition ?? 0) && cause !== "manual");
    lastTransition = latest;
    if (news.length > 0) setText(said, news.map(({ breaker, to, cause }) => `${breaker}: ${t[`state_${to}`]}, ${t[`cause_${cause}`]}.`).join(" "));
  }

  return {
    ...parts,
    show(reading, series, rules) {
      for (const { element } of counted) element.hidden = reading.uncounted === true;
      parts.head.show(reading, rules.filter(({ raised }) => raised).length);
      parts.summary.show(reading, series);
      parts.circuits.show(reading);
      parts.alerts.show(rules);
      for (const chart of charts) chart.show(series.points, reading.at);
      parts.endpoints.show(reading);
      parts.limits.show(reading);
      parts.history.show(reading);
      parts.groups.show(reading);
      parts.panels.show(reading);
      tellTransitions(reading);
    },
    moved: (breaker, move) => setText(said, say(`moved_${move}`, { circuit: breaker })),
    announce: (text) => setText(said, text),
    repaint: () => charts.forEach((chart) => chart.repaint()),
    start: () => charts.forEach((chart) => chart.start()),
    stop: () => charts.forEach((chart) => chart.stop()),
  };
}
