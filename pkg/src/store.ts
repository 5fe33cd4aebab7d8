/** The way to the second module: asked for when first used, and never before. */

import type { StoreModule } from "./storage.js";

let loading: Promise<StoreModule> | undefined;

/** Loads the second module once; a failed load may be tried again. */
export function loadStore(): Promise<StoreModule> {
  loading ??= import("./entries/store.js")
    .then(({ open }) => open())
    .catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
  return loading;
}
