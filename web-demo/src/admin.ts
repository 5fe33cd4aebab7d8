/** The harbour office: the package's own dashboard over a guard of this page, with traffic to watch, or over the server. */

import type { Session } from "@supabase/supabase-js";
import "seawall/dashboard";

import { loadConfig } from "./config.ts";
import { connect, type Connection } from "./connection.ts";
import { h, setText } from "./dom.ts";
import { desk } from "./office/desk.ts";
import { themeSwitch } from "./theme.ts";

async function start(office: HTMLElement): Promise<void> {
  const query = new URLSearchParams(location.search);
  const config = await loadConfig();
  const connection = connect(config, query, {
    metrics: { table: "client_metrics" },
    offline: true,
    cache: query.has("cache"),
  });
  const dashboard = h("seawall-dashboard", { class: "dashboard" });
  const user = h("span", { class: "user" });
  const controls = desk(connection);

  const isServer = query.has("server");
  if (isServer) {
    dashboard.token = () => tokenOf(connection);
    dashboard.server = config.url;
  } else {
    dashboard.guard = connection.guard;
    dashboard.claims = () => tokenOf(connection);
  }
  followTheme(dashboard);

  // supabase-js calls back while it holds its session lock: leave that first.
  connection.client.auth.onAuthStateChange((_event, session) => void setTimeout(() => show(session), 0));
  function show(session: Session | null): void {
    const isAdmin = session?.user.app_metadata["role"] === "admin";
    setText(user, session ? `${session.user.email ?? ""}${isAdmin ? ", administrator" : ""}` : "nobody signed in");
    controls.show(session);
    void dashboard.refreshClaims();
  }

  office.replaceChildren(
    h(
      "header",
      { class: "masthead" },
      h("h1", {}, "Seawall"),
      h("p", {}, "Harbour office"),
      h("a", { class: "to-page", href: "/" }, "Control desk"),
      h("a", { class: "to-page", href: isServer ? "/admin.html" : "/admin.html?server" }, isServer ? "This browser" : "The server"),
      h("div", { class: "who" }, user, themeSwitch()),
    ),
    h("main", {}, controls.element, dashboard),
  );
  Object.assign(globalThis, { seawallDemo: connection });
}

async function tokenOf({ client }: Connection): Promise<string | undefined> {
  const { data } = await client.auth.getSession();
  return data.session?.access_token;
}

/** The page's switch for day and night holds for the dashboard too. */
function followTheme(dashboard: HTMLElement): void {
  const root = document.documentElement;
  const follow = (): void => {
    const theme = root.dataset["theme"];
    if (theme === undefined) dashboard.removeAttribute("theme");
    else dashboard.setAttribute("theme", theme);
  };
  new MutationObserver(follow).observe(root, { attributeFilter: ["data-theme"] });
  follow();
}

const office = document.getElementById("office");
if (office !== null) {
  start(office).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    office.replaceChildren(h("main", { class: "stranded" }, h("h1", {}, "The office could not open"), h("p", { role: "alert" }, reason)));
  });
}
