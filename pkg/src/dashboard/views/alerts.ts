/** Every rule with its figure now, so that one sees what is watched, and a region that says what was raised. */

import { h, keyed, setText } from "../dom.js";
import type { Alert, RuleState } from "../rules.js";
import { condition, MEASURE_WORDS, measured } from "../words.js";

export interface Alerts {
  readonly element: HTMLElement;
  show(states: readonly RuleState[]): void;
  tell(alerts: readonly Alert[]): void;
}

export function alerts(): Alerts {
  const list = h("ul");
  const empty = h("p", { class: "empty", hidden: true }, "No rule is set.");
  const told = h("p", { class: "unseen", role: "alert" });
  const update = keyed<RuleState>(list, ruleRow);
  return {
    element: h("section", { class: "alerts", "aria-labelledby": "alerts" }, h("h3", { id: "alerts" }, "Alerts"), list, empty, told),
    show(states) {
      empty.hidden = states.length > 0;
      update(states, ({ rule }) => `${rule.measure} ${rule.threshold} ${rule.for} ${rule.label}`);
    },
    tell(found) {
      if (found.length > 0) setText(told, found.map(sentence).join(" "));
    },
  };
}

function ruleRow({ rule }: RuleState): { element: Element; show(state: RuleState): void } {
  const value = h("span", { class: "value" });
  const mark = h("span", { class: "mark" });
  const element = h("li", {}, h("span", { class: "name" }, nameOf({ rule })), value, h("span", { class: "why" }, condition(rule)), mark);
  return {
    element,
    show(state) {
      element.dataset["raised"] = String(state.raised);
      setText(value, measured(rule.measure, state.value));
      setText(mark, state.raised ? "alert" : "quiet");
    },
  };
}

function nameOf({ rule }: Pick<RuleState, "rule">): string {
  return rule.label ?? MEASURE_WORDS[rule.measure];
}

function sentence({ rule, state, value, subject }: Alert): string {
  if (state === "cleared") return `${nameOf({ rule })}: back to normal.`;
  return `Alert. ${nameOf({ rule })}: ${measured(rule.measure, value)}${subject === "" ? "" : `, ${subject}`}, ${condition(rule)}.`;
}
