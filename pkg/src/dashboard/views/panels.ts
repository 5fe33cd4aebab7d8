/** Lists of a source's own: instances, dead letters, records; the buttons are an administrator's. */

import { h, keyed, type KeyedRow, setText } from "../dom.js";
import type { Panel, PanelAct, PanelAsk, PanelRow } from "../panel.js";
import type { Reading } from "../source.js";
import type { Words } from "../words.js";

export interface Panels {
  readonly element: HTMLElement;
  show(reading: Reading): void;
  /** Shows the buttons, or takes them away. */
  steer(act: Act | undefined): void;
}

/** Does what a button says to what it stands at. */
export type Act = (act: PanelAct, subject: string) => void;

export function panels({ t }: Words): Panels {
  const element = h("div", { class: "panels", hidden: true });
  let steering: Act | undefined;
  let shown: readonly Panel[] = [];
  const update = keyed<Panel>(element, (panel) => panelOf(panel, () => steering, t.search));
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

function panelOf({ id, title, empty, search, asks = [] }: Panel, steering: () => Act | undefined, searchWord: string): KeyedRow<Panel> {
  const list = h("ul", { class: "scroll", role: "list", tabindex: 0, "aria-labelledby": `panel-${id}` });
  const nothing = h("p", { class: "empty" }, empty);
  const acts = h("div", { class: "acts" });
  const update = keyed<PanelRow>(list, ({ name }) => rowOf(name, steering));
  let latest = search;
  const field = search && textForm(search.label, search.button ?? searchWord, "search", (text) => latest?.run(text));
  let latestAsks = asks;
  const forms = asks.map((ask, place) => askForm(ask, () => latestAsks[place], steering));
  const heading = h("h3", { id: `panel-${id}` }, title);
  const buttons = buttonsIn(acts, title, steering);
  return {
    element: h(
      "section",
      { class: "panel", "data-panel": id, "aria-labelledby": `panel-${id}` },
      h("header", {}, heading, acts),
      field?.element ?? null,
      ...forms.map(({ element }) => element),
      list,
      nothing,
    ),
    show(panel) {
      setText(heading, panel.title);
      latest = panel.search;
      latestAsks = panel.asks ?? [];
      if (latest) field?.label(latest.label, latest.button ?? searchWord);
      forms.forEach((form, place) => {
        const ask = latestAsks[place];
        form.element.hidden = steering() === undefined || !ask;
        if (ask) form.label(ask.field, ask.label);
      });
      setText(nothing, panel.empty);
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

/** A field with its button; both can be called something else later. */
interface TextForm {
  readonly element: HTMLElement;
  label(field: string, button: string): void;
}

/** A field whose text is a button's subject; only for whoever may. */
function askForm({ field, label }: PanelAsk, latest: () => PanelAsk | undefined, steering: () => Act | undefined): TextForm {
  return textForm(field, label, "form", (text, input) => {
    const ask = latest();
    if (text === "" || !ask) return;
    steering()?.({ label: ask.label, done: ask.done, run: () => ask.run(text) }, text);
    input.value = "";
  });
}

function textForm(label: string, button: string, role: "search" | "form", run: (text: string, field: HTMLInputElement) => void): TextForm {
  const field = h("input", { type: role === "search" ? "search" : "text", maxlength: 200, autocomplete: "off", spellcheck: "false" });
  const onsubmit = (event: Event): void => {
    event.preventDefault();
    run(field.value.trim(), field);
  };
  const name = h("span", {}, label);
  const submit = h("button", { type: "submit" }, button);
  const element = h("form", { class: "search", role, "aria-label": button, onsubmit }, h("label", {}, name, " ", field), submit);
  return {
    element,
    label(newName, newButton) {
      setText(name, newName);
      setText(submit, newButton);
      if (element.getAttribute("aria-label") !== newButton) element.setAttribute("aria-label", newButton);
    },
  };
}
