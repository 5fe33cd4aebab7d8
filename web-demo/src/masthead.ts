/** The head of the page: its name, how the circuits stand, who is signed in, day or night. */

import type { Session } from "@supabase/supabase-js";
import type { CircuitState } from "seawall";

import type { Client } from "./connection.ts";
import { h, setText } from "./dom.ts";
import type { Notice } from "./notice.ts";
import { switchGlyph } from "./panel/switch-glyph.ts";
import { stateWord } from "./panel/words.ts";
import { themeSwitch } from "./theme.ts";

export interface Masthead {
  element: HTMLElement;
  showSession(session: Session | null): void;
  /** Where the panel is out of sight, the head says how the circuits stand. */
  showState(state: CircuitState): void;
}

export function masthead(client: Client, notice: Notice): Masthead {
  const glyph = switchGlyph();
  const state = h("span");
  const user = h("span", { class: "user" });
  const signOut = h("button", { type: "button", class: "quiet", hidden: true }, "Sign out");
  signOut.addEventListener("click", async () => {
    const { error } = await client.auth.signOut({ scope: "local" });
    if (error) notice.show(error);
  });

  return {
    element: h(
      "header",
      { class: "masthead" },
      h("h1", {}, "Seawall"),
      h("a", { class: "to-guard", href: "#guard" }, glyph.element, state),
      h("p", {}, "Harbour control desk"),
      h("a", { class: "to-page", href: "/admin.html" }, "Harbour office"),
      h("div", { class: "who" }, user, signOut, themeSwitch()),
    ),
    showSession(session) {
      setText(user, session?.user.email ?? "");
      signOut.hidden = session === null;
    },
    showState(worst) {
      glyph.show(worst);
      setText(state, stateWord(worst));
    },
  };
}
