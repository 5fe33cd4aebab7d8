/** Every rule with its figure now, so that one sees what is watched, and a region that says what was raised. */

import { h, keyed, setText } from "../dom.js";
import type { Alert, AlertRule, RuleState } from "../rules.js";
import type { Words } from "../words.js";

export interface Alerts {
  readonly element: HTMLElement;
  show(states: readonly RuleState[]): void;
  tell(alerts: readonly Alert[]): void;
}

export function alerts(words: Words): Alerts {
  const { t } = words;
  const list = h("ul");
  const empty = h("p", { class: "empty", hidden: true }, t.noRule);
  const told = h("p", { class: "unseen", role: "alert" });
  const update = keyed<RuleState>(list, (state) => ruleRow(state, words));
  return {
    element: h("section", { class: "alerts", "aria-labelledby": "alerts" }, h("h3", { id: "alerts" }, t.alerts), list, empty, told),
    show(states) {
      empty.hidden = states.length > 0;
      update(states, ({ rule }) => `${rule.measure} ${rule.threshold} ${rule.for} ${rule.label}`);
    },
    tell(found) {
      if (found.length > 0) setText(told, found.map((alert) => sentence(alert, words)).join(" "));
    },
  };
}

function ruleRow({ rule }: RuleState, words: Words): { element: Element; show(state: RuleState): void } {
  const value = h("span", { class: "value" });
  const mark = h("span", { class: "mark" });
  const element = h("li", {}, h("span", { class: "name" }, nameOf(rule, words)), value, h("span", { class: "why" }, words.condition(rule)), mark);
  return {
    element,
    show(state) {
      element.dataset["raised"] = String(state.raised);
      setText(value, words.measured(rule.measure, state.value));
      setText(mark, state.raised ? words.t.raised : words.t.quiet);
    },
  };
}

function nameOf({ label, measure }: AlertRule, { t }: Words): string {
  return label ?? t[`measure_${measure}`];
}

function sentence({ rule, state, value, subject }: Alert, words: Words): string {
  const alert = nameOf(rule, words);
  if (state === "cleared") return words.say("alertCleared", { alert });
  const told = { alert, subject, figure: words.measured(rule.measure, value), condition: words.condition(rule) };
  return words.say(subject === "" ? "alertRaised" : "alertRaisedOf", told);
}
