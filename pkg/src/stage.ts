/**
 * The way of a guarded request: stages, one inside the other, around the call itself.
 *
 * A stage answers by itself (a cache), joins requests (coalescing, batching), splits them, or passes them on. Each is
 * a function of a request and of what comes after it, knows no other stage, and is there only if an option
 * asks for it: a guard without options pays for none.
 */

import type { CallOptions } from "./call-options.js";
import type { Environment } from "./environment.js";
import type { OutgoingRequest } from "./request.js";
import type { Route } from "./route.js";
import { patienceFor } from "./settings.js";
import type { StageParts } from "./stages.js";
import type { User } from "./user.js";

/** One request on its way, and all that is known of it. */
export interface Passage {
  readonly request: OutgoingRequest;
  readonly route: Route;
  readonly user: User;
  /** What its caller asks of the guard for this one call. */
  readonly options: CallOptions;
  /** Bits of {@link CallFlag} beyond the request's own. */
  readonly flags: number;
  /** Milliseconds its caller has waited before it came here. */
  readonly waited: number;
  /** What really sends, as this user and nobody else. */
  readonly transport: Environment["fetch"];
}

export type Next = (passage: Passage) => Promise<Response>;

export type Stage = (passage: Passage, next: Next) => Promise<Response>;

/** The stages, outermost first, around `last`. */
export function compose(stages: readonly Stage[], last: Next): Next {
  return stages.reduceRight<Next>((next, stage) => (passage) => stage(passage, next), last);
}

/** The stage that does nothing. */
const passOn: Stage = (passage, next) => next(passage);

/** So long is a part waited for, and half as long as its call may take: a file that takes longer will not come. */
const PATIENCE = 5_000;

/**
 * A stage that loads when the first request wants it. What cannot be loaded is reported, and the request passes on
 * as if the stage did not exist: a guard that lacks a part still guards. So it does where loading takes too long.
 */
export function lazyStage(
  wants: (passage: Passage) => boolean,
  load: () => Promise<Stage>,
  { clock, timers, settings, environment }: Pick<StageParts, "clock" | "timers" | "settings" | "environment">,
): Stage {
  let loading: Promise<void> | undefined;
  let loaded: Stage | undefined;
  const loadOnce = (): Promise<void> => {
    loading ??= load().then(
      (stage) => {
        loaded = stage;
      },
      (error: unknown) => {
        loading = undefined;
        environment.report(error);
      },
    );
    return loading;
  };
  const afterwards: Stage = async (passage, next) => {
    const { request, route, waited } = passage;
    const since = clock.now();
    await new Promise<void>((resolve) => {
      timers.arm(since + Math.min(PATIENCE, patienceFor(settings, route) / 2), resolve, false);
      request.signal?.addEventListener("abort", () => resolve());
      void loadOnce().then(resolve);
    });
    request.signal?.throwIfAborted();
    // What the wait took is no longer left for the call.
    return (loaded ?? passOn)({ ...passage, waited: waited + clock.now() - since }, next);
  };
  return (passage, next) => (wants(passage) ? (loaded ?? afterwards)(passage, next) : next(passage));
}
