/** The stages that change the shape of requests, with the Rust that decides for them. */

import { Batcher, Debouncer, Splitter } from "../generated/store/store.js";

import { createBatching } from "./batch.js";
import { createInsertBatching } from "./batch.insert.js";
import { createDebouncing } from "./debounce.js";
import { createSplitting } from "./split.js";
import type { Stage } from "./stage.js";
import type { StageParts } from "./stages.js";

/** A stage for each guard. */
export interface Shapes {
  debounce(parts: StageParts): Stage;
  batch(parts: StageParts): Stage;
  batchInserts(parts: StageParts): Stage;
  split(parts: StageParts): Stage;
}

export const shapes: Shapes = {
  debounce: (parts) => createDebouncing(new Debouncer(), parts),
  batch: (parts) => createBatching(new Batcher(), parts),
  batchInserts: createInsertBatching,
  split: (parts) => createSplitting(new Splitter(), parts),
};
