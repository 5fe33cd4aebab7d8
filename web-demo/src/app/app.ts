/** Shows the sign-in form or the rooms, as the session comes and goes. */

import type { Session } from "@supabase/supabase-js";

import type { Client } from "../connection.ts";
import { h } from "../dom.ts";
import type { Notice } from "../notice.ts";
import { signIn } from "./sign-in.ts";
import { workspace, type Workspace } from "./workspace.ts";

export function application(
  client: Client,
  interval: number,
  notice: Notice,
  onSession: (session: Session | null) => void,
): HTMLElement {
  const view = h("div", { class: "view" });
  const element = h("main", { class: "water" }, notice.element, view);
  let open: Workspace | null = null;
  let userId: string | null | undefined;

  const show = (session: Session | null) => {
    onSession(session);
    const next = session?.user.id ?? null;
    if (next === userId) return; // a refreshed token is no reason to start over
    userId = next;
    open?.close();
    notice.clear();
    open = next === null ? null : workspace(client, next, interval, notice);
    view.replaceChildren(open?.element ?? signIn(client, notice));
  };

  // supabase-js calls back while it holds its session lock: leave that first.
  client.auth.onAuthStateChange((_event, session) => void setTimeout(() => show(session), 0));
  return element;
}
