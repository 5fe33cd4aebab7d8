/** Which stages a guard has, and in which order: the outermost sees a request first and its answer last. */

import type { Abortable } from "./caller.js";
import { createCoalescing } from "./coalesce.js";
import type { Clock } from "./clock.js";
import type { Environment } from "./environment.js";
import type { Emitter } from "./events.js";
import type { Identities } from "./identity.js";
import type { GuardOptions } from "./options.js";
import type { Settings } from "./settings.js";
import { createShaping } from "./shaping.js";
import { lazyStage, type Passage, type Stage } from "./stage.js";
import { loadStore } from "./store.js";
import type { Timers } from "./timer.js";

/** What stages are made of. */
export interface StageParts {
  readonly options: GuardOptions;
  /** The policy in force, by name and place. */
  readonly settings: Settings;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly emitter: Emitter;
  /** Who is calling, and who has left. */
  readonly identities: Identities;
  /** What is under way and ends when the guard closes. */
  readonly live: Set<Abortable>;
  /** Calls back when the guard closes: channels, databases and the like end with it. */
  onClose(listener: () => void): void;
}

/** offline · cache · debounce · coalesce · batch · split, each if asked for; and what is done for refreshes of a session. */
export function createStages(parts: StageParts, cache: Stage): Stage[] {
  const { debounce, batch, batchInserts, split } = createShaping(parts);
  return [cache, debounce, createCoalescing(parts), batch, batchInserts, split, createRefreshStage(parts)];
}

function createRefreshStage(parts: StageParts): Stage {
  return lazyStage(
    isRefresh,
    async () => (await import("./entries/refresh.js")).createRefresh({ ...parts, loadStore }),
    parts,
  );
}

/** A session's refresh token on its way to be exchanged for a fresh session. */
function isRefresh({ request, route }: Passage): boolean {
  return route.endpoint === "/auth/v1/token" && request.url.includes("grant_type=refresh_token");
}
