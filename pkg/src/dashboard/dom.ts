/** Elements by function call; nothing is ever parsed as HTML, and no attribute carries a style. */

export type Child = Node | string | null;
type Attribute = string | number | boolean | null | ((event: Event) => void);

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return furnish(document.createElement(tag), attributes, children);
}

export function svg(tag: string, attributes: Record<string, Attribute> = {}, ...children: Child[]): SVGElement {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag) as SVGElement, attributes, children);
}

/** Sets the text only when it differs, so that live regions stay quiet and selections stay put. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Keeps one row for each key, in the order of the items, and moves none that need not move. */
export function keyed<Item>(parent: Element, make: (item: Item) => KeyedRow<Item>): (items: readonly Item[], keyOf: (item: Item) => string) => void {
  const rows = new Map<string, KeyedRow<Item>>();
  return (items, keyOf) => {
    const wanted = new Set(items.map(keyOf));
    for (const [key, row] of rows) {
      if (wanted.has(key)) continue;
      row.element.remove();
      rows.delete(key);
    }
    items.forEach((item, place) => {
      const key = keyOf(item);
      const row = rows.get(key) ?? make(item);
      rows.set(key, row);
      row.show(item);
      const there = parent.children[place];
      if (there !== row.element) parent.insertBefore(row.element, there ?? null);
    });
  };
}

export interface KeyedRow<Item> {
  readonly element: Element;
  show(item: Item): void;
}

function furnish<Made extends Element>(element: Made, attributes: Record<string, Attribute>, children: Child[]): Made {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
