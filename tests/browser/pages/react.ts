/** A page in React over a guard whose backend is chaos: what the tests of `seawall/react` look at and move. */

import { Activity, createElement, type ReactElement, StrictMode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { createGuard, type Guard } from "seawall/guard";
import { GuardProvider, useBreaker, useGuardedQuery, useSnapshot } from "seawall/react";
import { type Chaos, createChaos } from "seawall/testing";

export interface ReactPage {
  readonly guard: Guard;
  readonly chaos: Chaos;
  /** Requests that were ended before their answer. */
  aborted(): number;
  /** How often the component that watches the guard was rendered. */
  renders(): number;
  show(room: string): void;
  /** The same, kept by React but not shown. */
  hide(room: string): void;
  hydrate(): void;
  leave(): void;
}

let aborted = 0;
let renders = 0;

const chaos = createChaos({
  clock: "real",
  fetch: async (input, init) => {
    init?.signal?.addEventListener("abort", () => (aborted += 1));
    return Response.json([{ text: new URL(String(input)).searchParams.get("room") }]);
  },
});
const guard = createGuard({ retry: { attempts: 1 }, breaker: { failureThreshold: 1, resetTimeout: 60_000 } }, chaos.environment);

function Messages({ room }: { room: string }): ReactElement {
  const { data, error, status, isFetching, refetch } = useGuardedQuery(["messages", room], async (signal) => {
    const response = await guard.fetch(`http://project.example.test/rest/v1/messages?room=${room}`, { signal });
    return (await response.json()) as { text: string }[];
  });
  return createElement(
    "section",
    { "data-status": status, "data-fetching": isFetching },
    createElement("p", { id: "rows" }, data?.map(({ text }) => text).join() ?? "nothing"),
    createElement("p", { role: "alert" }, error?.message ?? ""),
    createElement("button", { onClick: () => void refetch() }, "Again"),
  );
}

function Health(): ReactElement {
  renders += 1;
  const { calls } = useSnapshot();
  const rest = useBreaker("rest");
  return createElement(
    "section",
    null,
    createElement("p", { id: "health" }, `${rest?.state ?? "unknown"}, ${calls.total} calls`),
    createElement("button", { onClick: () => rest?.reset() }, "Reset"),
  );
}

export function tree(room: string, mode: "visible" | "hidden" = "visible"): ReactElement {
  const messages = createElement(Activity, { mode, children: createElement(Messages, { room }) });
  const inside = createElement("main", null, messages, createElement(Health));
  return createElement(StrictMode, null, createElement(GuardProvider, { guard, children: inside }));
}

let root: Root | undefined;

if (typeof document !== "undefined") {
  const place = document.getElementById("root") as HTMLElement;
  const page: ReactPage = {
    guard,
    chaos,
    aborted: () => aborted,
    renders: () => renders,
    show(room) {
      root ??= createRoot(place);
      root.render(tree(room));
    },
    hide: (room) => root?.render(tree(room, "hidden")),
    hydrate() {
      root = hydrateRoot(place, tree("harbour"));
    },
    leave() {
      root?.unmount();
      root = undefined;
    },
  };
  Object.assign(globalThis, { reactPage: page });
}
