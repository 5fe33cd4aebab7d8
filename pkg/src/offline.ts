/**
 * Writes without a network: what of it a guard carries from the start.
 *
 * That is little: a stage that loads the rest with the first write, and a look at what earlier pages left behind.
 */

import type { Environment } from "./environment.js";
import { NotQueuedError, OptionError } from "./errors.js";
import type { QueuedWrite } from "./offline/options.js";
import type { Outstanding } from "./offline/open.js";
import { opened } from "./opened.js";
import { lazyStage, type Passage, type Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import { loadShapes, loadStore } from "./store.js";

/**
 * The writes that wait, for whoever wants to see and steer them.
 *
 * @example
 * ```ts
 * for (const write of await guard.offline.list()) {
 *   if (write.state === "setAside") await guard.offline.retry(write.id);
 * }
 * await guard.offline.replay();
 * ```
 */
export interface OfflineQueue {
  /** All of this origin's, oldest first, those of other users without what they say. */
  list(): Promise<QueuedWrite[]>;
  /** Queues a write again that was set aside, in its old place; false where there is none such. */
  retry(id: number): Promise<boolean>;
  /** Throws a write away; false where there is none such, or it is on its way. */
  discard(id: number): Promise<boolean>;
  /** Throws away all that are not on their way, and tells how many. */
  clear(): Promise<number>;
  /** Replays now what can be replayed; ends when nothing more can be done for the moment. */
  replay(): Promise<void>;
}

export interface OfflineParts extends StageParts {
  /** Sends as a guarded call like any other, but throws what fails. */
  readonly fetch: Environment["fetch"];
  /** Makes the error for a write that cannot be queued; the loaded part must not have a class of its own. */
  readonly notQueued: (why: string, cause?: unknown) => Error;
}

export interface Offline {
  /** None where nobody asked for any: a guard without options pays nothing. */
  readonly stages: readonly Stage[];
  readonly queue: OfflineQueue;
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

export function createOffline(parts: Omit<OfflineParts, "notQueued">): Offline {
  const { settings, environment, options, onClose } = parts;
  const isWanted = options.offline !== false && settings.given("offline.enabled");
  let opening: Promise<Outstanding> | undefined;
  let closed = false;

  function open(): Promise<Outstanding> {
    if (!isWanted) return Promise.reject(new OptionError("offline", "writes are not queued: offline is not among the options"));
    opening ??= loadStore()
      .then((store) => store.offline({ ...parts, notQueued: (why, cause) => new NotQueuedError(why, cause) }))
      .then((outstanding) => {
        if (closed) outstanding.close();
        return outstanding;
      })
      .catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
    return opening;
  }

  const mayBeQueued = ({ route, request, options: own }: Passage): boolean =>
    own.offline !== false &&
    (route.class === "writes" || route.class === "rpc") &&
    !SAFE.has(request.method) &&
    settings.flag("offline.enabled", route);

  const queue = async (): Promise<OfflineQueue> => (await open()).queue;
  // What `guard.from()` writes is made by a part of its own, which must be here before the network goes, too.
  const followed = (): unknown => options.url !== undefined && loadShapes();
  if (isWanted) environment.later(() => void open().then(followed).catch(environment.report));
  onClose(() => {
    closed = true;
    opening?.then((outstanding) => outstanding.close()).catch(() => {});
  });
  return {
    stages: isWanted ? [lazyStage(mayBeQueued, async () => (await open()).stage, parts)] : [],
    queue: {
      list: opened(queue, "list"),
      retry: opened(queue, "retry"),
      discard: opened(queue, "discard"),
      clear: opened(queue, "clear"),
      replay: opened(queue, "replay"),
    },
  };
}
