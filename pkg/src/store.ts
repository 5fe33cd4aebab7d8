/** The ways to the modules that come later: each asked for when first used, and never before. */

/** Loads the module that storage needs. */
export const loadStore = once(async () => (await import("./entries/store.js")).open());

/** Loads the module that makes and shapes requests. */
export const loadShapes = once(async () => (await import("./entries/shape.js")).open());

/** Once; a failed load may be tried again. */
function once<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loading: Promise<Module> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}
