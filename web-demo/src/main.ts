/** Puts the desk together: the application on the water, the guard's panel ashore. */

import { application } from "./app/app.ts";
import { loadConfig } from "./config.ts";
import { connect } from "./connection.ts";
import { h } from "./dom.ts";
import { masthead } from "./masthead.ts";
import { createNotice } from "./notice.ts";
import { refreshInterval } from "./options.ts";
import { guardPanel } from "./panel/panel.ts";

async function start(desk: HTMLElement): Promise<void> {
  const query = new URLSearchParams(location.search);
  const connection = connect(await loadConfig(), query);
  const notice = createNotice(connection.guard);
  const head = masthead(connection.client, notice);
  const app = application(connection.client, refreshInterval(query), notice, head.showSession);
  desk.replaceChildren(head.element, app, guardPanel(connection, head.showState));

  // For the console: what the page sees, `seawallDemo.guard.snapshot()` shows.
  Object.assign(globalThis, { seawallDemo: connection });
}

const desk = document.getElementById("desk");
if (desk !== null) {
  start(desk).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    desk.replaceChildren(
      h("main", { class: "stranded" }, h("h1", {}, "The desk could not start"), h("p", { role: "alert" }, reason)),
    );
  });
}
