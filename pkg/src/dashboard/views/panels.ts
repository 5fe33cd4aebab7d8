/** Lists of a source's own: instances, dead letters, records; the buttons are an administrator's. */

import { h, keyed, type KeyedRow, setText } from "../dom.js";
import type { Panel, PanelAct, PanelRow } from "../panel.js";
import type { Reading } from "../source.js";

export interface Panels {
  readonly element: HTMLElement;
  show(reading: Reading): void;
  /** Shows the buttons, or takes them away. */
  steer(act: Act | undefined): void;
}

/** Does what a button says to what it stands at. */
export type Act = (act: PanelAct, subject: string) => void;

export function panels(): Panels {
  const element = h("div", { class: "panels", hidden: true });
  let steering: Act | undefined;
  let shown: readonly Panel[] = [];
  const update = keyed<Panel>(element, (panel) => panelOf(panel, () => steering));
  const draw = (): void => update(shown, ({ id }) => id);
  return {
    element,
    show({ panels: all = [] }) {
      shown = all;
      element.hidden = all.length === 0;
      draw();
    },
    steer(act) {
      if (act === steering) return;
      steering = act;
      draw();
    },
  };
}

function panelOf({ id, title, empty, search }: Panel, steering: () => Act | undefined): KeyedRow<Panel> {
  const list = h("ul", { class: "scroll", role: "list", tabindex: 0, "aria-labelledby": `panel-${id}` });
  const nothing = h("p", { class: "empty" }, empty);
  const acts = h("div", { class: "acts" });
  const update = keyed<PanelRow>(list, ({ name }) => rowOf(name, steering));
  let latest = search;
  const field = search && searchField(search.label, (text) => latest?.run(text));
  const buttons = buttonsIn(acts, title, steering);
  return {
    element: h(
      "section",
      { class: "panel", "data-panel": id, "aria-labelledby": `panel-${id}` },
      h("header", {}, h("h3", { id: `panel-${id}` }, title), acts),
      field ?? null,
      list,
      nothing,
    ),
    show(panel) {
      latest = panel.search;
      nothing.hidden = panel.rows.length > 0;
      list.hidden = panel.rows.length === 0;
      buttons(panel.acts ?? []);
      update(panel.rows, ({ key }) => key);
    },
  };
}

function rowOf(subject: string, steering: () => Act | undefined): KeyedRow<PanelRow> {
  const name = h("span", { class: "name" });
  const value = h("strong");
  const note = h("span", { class: "note" });
  const acts = h("span", { class: "acts" });
  const buttons = buttonsIn(acts, subject, steering);
  return {
    element: h("li", {}, name, value, note, acts),
    show(row) {
      setText(name, row.name);
      setText(value, row.value ?? "");
      setText(note, row.note ?? "");
      value.dataset["tone"] = row.tone ?? "";
      buttons(row.acts ?? []);
    },
  };
}

/** Buttons stay the same elements while their labels do: whoever is on one stays there. */
function buttonsIn(place: HTMLElement, subject: string, steering: () => Act | undefined): (acts: readonly PanelAct[]) => void {
  let given: readonly PanelAct[] = [];
  const update = keyed<PanelAct>(place, ({ label }) => {
    const onclick = (): void => {
      const act = given.find((known) => known.label === label);
      if (act) steering()?.(act, subject);
    };
    return { element: h("button", { type: "button", "aria-label": `${label}: ${subject}`, onclick }, label), show: () => {} };
  });
  return (acts) => {
    given = steering() ? acts : [];
    update(given, ({ label }) => label);
  };
}

function searchField(label: string, run: (text: string) => void): HTMLElement {
  const field = h("input", { type: "search", maxlength: 200, autocomplete: "off" });
  const onsubmit = (event: Event): void => {
    event.preventDefault();
    run(field.value.trim());
  };
  return h("form", { class: "search", role: "search", onsubmit }, h("label", {}, label, " ", field), h("button", { type: "submit" }, "Search"));
}
