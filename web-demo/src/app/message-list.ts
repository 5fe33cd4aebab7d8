/** The messages of one room, oldest first, by day; authors see what they may delete. */

import { h } from "../dom.ts";
import type { Message } from "../rooms.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
/** What the database allows too; here it only decides whether to offer the button. */
const DELETABLE_MS = DAY_MS;

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

export interface MessageList {
  element: HTMLElement;
  show(messages: Message[], userId: string): void;
  /** Forgets what is shown, so that another room begins at its end. */
  clear(): void;
}

export function messageList(remove: (message: Message) => void): MessageList {
  const list = h("ol", { class: "messages", "aria-label": "Messages", tabindex: 0 });
  let shown: string | null = null;

  return {
    element: list,
    show(messages, userId) {
      const key = messages.map((message) => message.id).join();
      if (key === shown) return;
      const atEnd = shown === null || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
      shown = key;
      list.replaceChildren(...rows(messages, userId, remove));
      if (atEnd) list.scrollTop = list.scrollHeight;
    },
    clear() {
      shown = null;
      list.replaceChildren();
    },
  };
}

function rows(messages: Message[], userId: string, remove: (message: Message) => void): HTMLElement[] {
  if (messages.length === 0) return [h("li", { class: "empty" }, "Nothing said here yet. Write the first message below.")];
  let previousDay = "";
  return messages.flatMap((message) => {
    const thisDay = dayOf(message.createdAt);
    const separator = thisDay === previousDay ? [] : [h("li", { class: "day" }, thisDay)];
    previousDay = thisDay;
    return [...separator, row(message, message.authorId === userId, remove)];
  });
}

function row(message: Message, own: boolean, remove: (message: Message) => void): HTMLElement {
  const deletable = own && Date.now() - message.createdAt.getTime() < DELETABLE_MS;
  return h(
    "li",
    { class: own ? "message own" : "message", "data-message": message.id },
    h(
      "p",
      { class: "byline" },
      h("strong", {}, own ? "You" : message.author),
      h(
        "time",
        { datetime: message.createdAt.toISOString(), title: full.format(message.createdAt) },
        time.format(message.createdAt),
      ),
    ),
    h("p", { class: "body" }, message.body),
    deletable
      ? h(
          "button",
          { type: "button", class: "quiet", "aria-label": `Delete “${excerpt(message.body)}”`, onclick: () => remove(message) },
          "Delete",
        )
      : null,
  );
}

function dayOf(moment: Date): string {
  const daysAgo = (midnight(new Date()) - midnight(moment)) / DAY_MS;
  if (Math.round(daysAgo) === 0) return "Today";
  return Math.round(daysAgo) === 1 ? "Yesterday" : date.format(moment);
}

function midnight(moment: Date): number {
  return new Date(moment).setHours(0, 0, 0, 0);
}

function excerpt(body: string): string {
  return body.length > 40 ? `${body.slice(0, 39)}…` : body;
}
