/** What one does here: sign in, make traffic, and make the server fail. */

import type { Session } from "@supabase/supabase-js";

import type { Connection } from "../connection.ts";
import { h, setText } from "../dom.ts";
import { serverSwitch } from "../panel/server-switch.ts";
import { burstOfReads } from "../panel/burst.ts";
import { type Pace, paces, traffic } from "./traffic.ts";

export interface Desk {
  element: HTMLElement;
  show(session: Session | null): void;
}

const accounts = [
  { label: "Sign in as the owner", email: "owner@example.test", password: "owner-password" },
  { label: "Sign in as the guest", email: "guest@example.test", password: "guest-password" },
];

export function desk(connection: Connection): Desk {
  const { client } = connection;
  const problem = h("p", { class: "fine", role: "status" });
  const moving = traffic(client);

  const signIns = accounts.map(({ label, email, password }) => {
    const button = h("button", { type: "button" }, label);
    button.addEventListener("click", async () => {
      button.disabled = true;
      const { error } = await client.auth.signInWithPassword({ email, password });
      setText(problem, error?.message ?? "");
      button.disabled = false;
    });
    return button;
  });
  const signOut = h("button", { type: "button" }, "Sign out");
  signOut.addEventListener("click", () => void client.auth.signOut({ scope: "local" }));
  const signedIn = h("p", { class: "fine" });

  return {
    element: h(
      "div",
      { class: "works" },
      h(
        "section",
        { "aria-labelledby": "who-title" },
        h("h2", { id: "who-title", class: "eyebrow" }, "Who looks"),
        h("div", { class: "row" }, ...signIns, signOut),
        signedIn,
        problem,
      ),
      paceSwitch(moving.pace),
      serverSwitch(() => burstOfReads(connection), () => {}).element,
    ),
    show(session) {
      for (const button of signIns) button.hidden = session !== null;
      signOut.hidden = session === null;
      const isAdmin = session?.user.app_metadata["role"] === "admin";
      if (session === null) setText(signedIn, "Row-level security shows nobody any rows; only the owner may move circuits.");
      else setText(signedIn, isAdmin ? "The admin claim is in the token: circuits can be moved." : "No admin claim in the token: the dashboard only shows.");
    },
  };
}

function paceSwitch(onPace: (pace: Pace) => void): HTMLElement {
  const effect = h("p", { class: "fine", role: "status" }, paces[0].effect);
  const options = paces.map(({ pace, label, effect: text }, place) => {
    const onchange = () => {
      onPace(pace);
      setText(effect, text);
    };
    return h("label", {}, h("input", { type: "radio", name: "pace", value: pace, checked: place === 0, onchange }), h("span", {}, label));
  });
  return h(
    "section",
    { class: "pace" },
    h("fieldset", {}, h("legend", { class: "eyebrow" }, "Traffic of this page"), h("div", { class: "segments thirds" }, ...options)),
    effect,
  );
}
