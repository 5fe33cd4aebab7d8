// What the tests of the dashboard's words run in their page: a table whose every text is marked with its name, and a
// collector of all that was ever said or drawn. It has no letters of its own, so a letter outside a mark is a text that
// no table can replace.

import { DASHBOARD_TEXTS } from "/seawall/dashboard.js";

const SPOKEN = ["aria-label", "aria-description", "aria-valuetext", "aria-placeholder", "aria-roledescription", "title", "placeholder", "alt"];

export const marked = Object.fromEntries(Object.entries(DASHBOARD_TEXTS).map(([name, text]) => [name, name === "language" ? text : `⟦${name}¦${text}⟧`]));

const said = new Set();

// The charts' axes are drawn and not written.
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function draw(text, ...place) {
  said.add(text);
  return fillText.call(this, text, ...place);
};

function hear(root) {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) said.add(node.data);
    else for (const name of SPOKEN) if (node.hasAttribute(name)) said.add(node.getAttribute(name));
  }
}

/** Listens to a dashboard from now on. */
export function listenTo(dashboard) {
  const root = dashboard.shadowRoot;
  new MutationObserver(() => hear(root)).observe(root, { subtree: true, childList: true, characterData: true, attributes: true });
  hear(root);
}

/** Every name that was said, and every text with a letter that no mark is around and that is not of the given data. */
globalThis.heard = (data) => {
  const names = new Set();
  const unmarked = [...said].filter((text) => {
    for (const [, name] of text.matchAll(/⟦(\w+)¦/gu)) names.add(name);
    let rest = text;
    for (let before = ""; before !== rest; ) [before, rest] = [rest, rest.replaceAll(/⟦[^⟦⟧]*⟧/gu, "")];
    return /\p{L}/u.test(data === undefined ? rest : rest.replaceAll(new RegExp(data, "gu"), ""));
  });
  return { names: [...names], unmarked, all: Object.keys(DASHBOARD_TEXTS) };
};
