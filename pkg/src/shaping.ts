/** When the shape of a request is looked at: what changes shapes loads for the first request that needs it. */

import { CallFlag } from "./core.js";
import type { Settings } from "./settings.js";
import type { Shapes } from "./shapes.js";
import { lazyStage, type Passage, type Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import { loadShapes } from "./store.js";

/** The stages that change shapes, by name. Nobody shares with a caller whom nobody knows. */
export function createShaping(parts: StageParts): Record<keyof Shapes, Stage> {
  const { settings } = parts;
  const shape = (name: keyof Shapes, wants: (passage: Passage) => boolean): Stage =>
    lazyStage(
      (passage) => wants(passage) && passage.user.known,
      async () => (await loadShapes()).shapes[name](parts),
      parts,
    );
  return {
    debounce: shape("debounce", ({ options }) => options.debounce !== undefined),
    batch: shape("batch", (passage) => mayBatch(passage, settings)),
    batchInserts: shape("batchInserts", isInsertBatch),
    split: shape("split", (passage) => isTooLong(passage, settings)),
  };
}

/** Whether a read may be one of many. Its text is looked at before the policy, which costs more. */
function mayBatch({ request, route, options }: Passage, settings: Settings): boolean {
  if (request.method !== "GET" || route.service !== "rest" || !request.url.includes("=eq.")) return false;
  return options.batch ?? settings.flag("batch.enabled", route);
}

function isInsertBatch({ request, route, options }: Passage): boolean {
  const isInsert = request.method === "POST" && route.service === "rest" && !(request.flags & CallFlag.OneShot);
  return isInsert && options.batch === true;
}

/** No policy calls a URL of a thousand characters too long. */
function isTooLong({ request: { url }, route }: Passage, settings: Settings): boolean {
  if (url.length <= 1_000 || route.service !== "rest") return false;
  return url.length > settings.number("split.maxUrl", route) && settings.flag("split.enabled", route);
}
