/** The rooms that row-level security lets this user see. */

import { h } from "../dom.ts";
import type { Room } from "../rooms.ts";

export interface RoomList {
  element: HTMLElement;
  show(rooms: Room[], selectedId: string | null): void;
}

export function roomList(choose: (room: Room) => void): RoomList {
  const list = h("ul", {});
  const element = h(
    "nav",
    { class: "rooms", "aria-labelledby": "rooms-title" },
    h("h2", { id: "rooms-title", class: "eyebrow" }, "Rooms"),
    list,
  );
  let shown = "";

  return {
    element,
    show(rooms, selectedId) {
      const key = JSON.stringify([rooms, selectedId]);
      if (key === shown) return;
      shown = key;
      const focused = list.contains(document.activeElement);
      list.replaceChildren(...rooms.map((room) => item(room, room.id === selectedId, choose)));
      if (focused) list.querySelector<HTMLElement>("[aria-current]")?.focus();
    },
  };
}

function item(room: Room, selected: boolean, choose: (room: Room) => void): HTMLElement {
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", "aria-current": selected ? "true" : null, onclick: () => choose(room) },
      h("span", { class: "place" }, room.name),
      h("span", { class: "count", "aria-label": `${room.messageCount} messages` }, String(room.messageCount)),
    ),
  );
}
