/** The sign-in form, with both example accounts one click away. */

import type { Client } from "../connection.ts";
import { h } from "../dom.ts";
import type { Notice } from "../notice.ts";

const accounts = [
  { label: "Owner", note: "Harbour and Lighthouse", email: "owner@example.test", password: "owner-password" },
  { label: "Guest", note: "Harbour only", email: "guest@example.test", password: "guest-password" },
];

export function signIn(client: Client, notice: Notice): HTMLElement {
  const email = h("input", { id: "email", type: "email", autocomplete: "username", required: true });
  const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const submit = h("button", { class: "primary", type: "submit" }, "Sign in");

  const onsubmit = async (event: Event) => {
    event.preventDefault();
    submit.disabled = true;
    const { error } = await client.auth.signInWithPassword({ email: email.value, password: password.value });
    submit.disabled = false;
    if (error) notice.show(error);
    else notice.clear();
  };

  const fill = (account: (typeof accounts)[number]) => () => {
    email.value = account.email;
    password.value = account.password;
    submit.focus();
  };

  return h(
    "section",
    { class: "sign-in", "aria-labelledby": "sign-in-title" },
    h("h2", { id: "sign-in-title", class: "place" }, "Come aboard"),
    h("p", { class: "lead" }, "Rooms and messages under row-level security. Choose an example account, then sign in."),
    h(
      "div",
      { class: "accounts", role: "group", "aria-label": "Example accounts" },
      ...accounts.map((account) =>
        h(
          "button",
          { type: "button", class: "account", onclick: fill(account) },
          h("strong", {}, account.label),
          h("span", {}, account.note),
        ),
      ),
    ),
    h(
      "form",
      { onsubmit: (event) => void onsubmit(event) },
      h("label", { for: "email" }, "Email"),
      email,
      h("label", { for: "password" }, "Password"),
      password,
      submit,
    ),
  );
}
