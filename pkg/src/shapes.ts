/** The third WebAssembly module, and what works with it: what makes requests, and what changes their shape. */

import wasm from "../generated/shape/shape_bg.wasm";
import { Batcher, Debouncer, initSync, Splitter } from "../generated/shape/shape.js";

import { createBatching } from "./batch.js";
import { createInsertBatching } from "./batch.insert.js";
import { createDebouncing } from "./debounce.js";
import { bytesOf, MODULE_SHIFT } from "./environment.js";
import { runQuery } from "./queries.run.js";
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

export interface ShapeModule {
  readonly shapes: Shapes;
  readonly runQuery: typeof runQuery;
}

export function open(): ShapeModule {
  initSync({ module: bytesOf(wasm, MODULE_SHIFT) });
  return { shapes, runQuery };
}

const shapes: Shapes = {
  debounce: (parts) => createDebouncing(new Debouncer(), parts),
  batch: (parts) => createBatching(new Batcher(), parts),
  batchInserts: createInsertBatching,
  split: (parts) => createSplitting(new Splitter(), parts),
};
