/** Where one writes. The text stays until the server has taken it. */

import { h } from "../dom.ts";

export function composer(post: (body: string) => Promise<boolean>): HTMLElement {
  const text = h("textarea", {
    id: "compose",
    rows: 1,
    maxlength: 2000,
    required: true,
    placeholder: "Write to the room",
    onkeydown: (event) => submitOnEnter(event as KeyboardEvent),
  });
  const send = h("button", { type: "submit", class: "primary" }, "Send");

  const onsubmit = async (event: Event) => {
    event.preventDefault();
    const body = text.value.trim();
    if (body === "" || send.disabled) return;
    send.disabled = true;
    const taken = await post(body);
    send.disabled = false;
    if (taken) text.value = "";
    text.focus();
  };

  return h(
    "form",
    { class: "composer", onsubmit: (event) => void onsubmit(event) },
    h("label", { for: "compose", class: "unseen" }, "Message"),
    text,
    send,
  );
}

/** Enter sends, Shift+Enter makes a line; an Enter that ends a composition is neither. */
function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
}
