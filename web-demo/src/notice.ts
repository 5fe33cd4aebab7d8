/**
 * What went wrong, in the guard's friendly words, with the time to wait.
 *
 * The countdown stands outside the live region: a screen reader hears the
 * message once and not every second.
 */

import type { Guard } from "seawall";

import { h, setText } from "./dom.ts";
import { problemOf } from "./problem.ts";

/** A background refresh that succeeds does not wipe away what an action said. */
export type Origin = "action" | "refresh";

export interface Notice {
  element: HTMLElement;
  show(error: unknown, origin?: Origin): void;
  clear(origin?: Origin): void;
}

export function createNotice(guard: Guard): Notice {
  // The words are there before anything fails: a page that is offline could not load them any more.
  void guard.explain(undefined);
  const message = h("p", { class: "message-text", role: "alert" });
  const category = h("code", { class: "category" });
  const countdown = h("span", { class: "countdown", "aria-hidden": true });
  const close = h("button", { type: "button", class: "quiet", "aria-label": "Dismiss this notice" }, "Dismiss");
  const element = h("div", { class: "notice" }, message, h("p", { class: "fine" }, category, countdown), close);

  let shownFrom: Origin | null = null;
  let retryAt: number | null = null;
  /** Changes with all that is shown or hidden: an explanation that comes later than the next is not shown. */
  let turn = 0;

  const hide = () => {
    turn += 1;
    shownFrom = null;
    element.removeAttribute("data-shown");
    setText(message, "");
  };
  close.addEventListener("click", hide);

  const tick = () => {
    if (retryAt === null || shownFrom === null) return setText(countdown, "");
    const seconds = Math.ceil((retryAt - Date.now()) / 1_000);
    setText(countdown, seconds > 0 ? `try again in ${seconds} s` : "you can try again now");
  };
  setInterval(tick, 250);

  return {
    element,
    show(error, origin = "action") {
      if (origin === "refresh" && shownFrom === "action") return;
      shownFrom = origin;
      turn += 1;
      const own = turn;
      void problemOf(guard, error).then((problem) => {
        if (turn !== own) return;
        retryAt = problem.retryAt;
        setText(message, problem.message);
        setText(category, problem.category);
        element.setAttribute("data-shown", "");
        tick();
      });
    },
    clear(origin = "action") {
      if (origin === "action" || shownFrom === "refresh") hide();
    },
  };
}
