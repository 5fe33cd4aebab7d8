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

/**
 * A stage that loads when the first request wants it. What cannot be loaded is reported, and the request passes on
 * as if the stage did not exist: a guard that lacks a part still guards.
 */
export function lazyStage(
  wants: (passage: Passage) => boolean,
  load: () => Promise<Stage>,
  onFailure: (error: unknown) => void,
): Stage {
  let loading: Promise<Stage | undefined> | undefined;
  let loaded: Stage | undefined;
  const loadOnce = (): Promise<Stage | undefined> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      onFailure(error);
      return undefined;
    });
    return loading;
  };
  return (passage, next) => {
    if (!wants(passage)) return next(passage);
    if (loaded) return loaded(passage, next);
    return loadOnce().then((stage) => {
      loaded = stage;
      // Its caller may have left in the meantime.
      passage.request.signal?.throwIfAborted();
      return stage ? stage(passage, next) : next(passage);
    });
  };
}
