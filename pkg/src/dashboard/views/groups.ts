/** Figures that come in groups: queue, cache, offline writes, and whatever else a source has. */

import { h, keyed, setText } from "../dom.js";
import type { FigureGroup, Reading } from "../source.js";
import type { Words } from "../words.js";

export interface Groups {
  readonly element: HTMLElement;
  show(reading: Reading): void;
}

export function groups({ t }: Words): Groups {
  const element = h("section", { class: "groups", "aria-label": t.figures });
  const update = keyed<FigureGroup>(element, groupOf);
  return { element, show: (reading) => update(reading.groups, ({ title }) => title) };
}

function groupOf({ title }: FigureGroup): { element: Element; show(group: FigureGroup): void } {
  const list = h("dl");
  const update = keyed<FigureGroup["figures"][number]>(list, ({ name }) => {
    const value = h("dd");
    const note = h("span", { class: "note" });
    return {
      element: h("div", {}, h("dt", {}, name), value),
      show(figure) {
        setText(note, figure.note ?? "");
        if (value.firstChild?.textContent !== figure.value) value.replaceChildren(figure.value, " ", note);
      },
    };
  });
  return { element: h("div", { class: "group" }, h("h3", {}, title), list), show: ({ figures }) => update(figures, ({ name }) => name) };
}
