/** The signed-in application: rooms, one conversation, and a place to write. */

import type { Client } from "../connection.ts";
import { h, setText } from "../dom.ts";
import type { Notice, Origin } from "../notice.ts";
import * as api from "../rooms.ts";
import { composer } from "./composer.ts";
import { messageList } from "./message-list.ts";
import { refreshEvery } from "./refresh.ts";
import { roomList } from "./room-list.ts";

export interface Workspace {
  element: HTMLElement;
  close(): void;
}

export function workspace(client: Client, userId: string, interval: number, notice: Notice): Workspace {
  let rooms: api.Room[] = [];
  let selected: api.Room | null = null;

  const title = h("h2", { class: "place", id: "room-title" }, "");
  const topic = h("p", { class: "topic" });
  const activity = h("p", { class: "activity" });
  const list = roomList((room) => void choose(room));
  const messages = messageList((message) => void remove(message));

  /** Runs a call and shows what became of it; tells whether it went well. */
  const attempt = async (call: () => Promise<void>, origin: Origin = "action"): Promise<boolean> => {
    try {
      await call();
      notice.clear(origin);
      return true;
    } catch (error) {
      notice.show(error, origin);
      return false;
    }
  };

  const showRooms = async () => {
    rooms = await api.listRooms(client);
    selected ??= rooms[0] ?? null;
    list.show(rooms, selected?.id ?? null);
    setText(title, selected?.name ?? "No room yet");
    setText(topic, selected?.topic ?? "You belong to no room on this server.");
  };

  const showMessages = async () => {
    const room = selected;
    if (room === null) return;
    const found = await api.listMessages(client, room.id);
    if (room.id === selected?.id) messages.show(found, userId);
  };

  const showActivity = async () => {
    const room = selected;
    if (room === null) return;
    const authors = await api.roomActivity(client, room.id);
    if (room.id === selected?.id) setText(activity, describe(authors));
  };

  const refresh = async () => {
    await attempt(async () => {
      await showRooms();
      await showMessages();
    }, "refresh");
  };

  const choose = async (room: api.Room) => {
    selected = room;
    messages.clear();
    setText(activity, "");
    setText(title, room.name);
    setText(topic, room.topic);
    list.show(rooms, room.id);
    await attempt(async () => {
      await showMessages();
      await showActivity();
    });
  };

  const post = async (body: string) => {
    const room = selected;
    if (room === null) return false;
    const taken = await attempt(() => api.postMessage(client, room.id, body));
    if (taken) await refresh();
    return taken;
  };

  const remove = async (message: api.Message) => {
    const asked = await attempt(async () => {
      if (!(await api.deleteMessage(client, message.id))) throw new Error("This message can no longer be deleted.");
    });
    if (asked) await refresh();
  };

  const element = h(
    "div",
    { class: "workspace" },
    list.element,
    h(
      "section",
      { class: "conversation", "aria-labelledby": "room-title" },
      h("header", {}, title, topic, activity),
      messages.element,
      composer(post),
    ),
  );

  void attempt(async () => {
    await showRooms();
    await showMessages();
    await showActivity();
  });
  return { element, close: refreshEvery(interval, refresh) };
}

function describe(authors: api.AuthorActivity[]): string {
  return authors.map(({ author, messages }) => `${author} ${messages}`).join(" · ");
}
