/**
 * `seawall` for Node and Deno: supabase-js is looked for when the first client is made.
 *
 * It is an optional peer, and an import that cannot be resolved would take the whole package with it.
 */

import { createRequire } from "node:module";

import type { createClient } from "@supabase/supabase-js";

import { protectedClientFactory } from "../client.js";
import { OptionError } from "../errors.js";
import { offerRest } from "./guard.js";
import { rest } from "./rest.js";

export * from "./guard.js";
export type { CreateProtectedClient, ProtectedClientOptions } from "../client.js";

// Files are near in a process: the whole guard is here at once.
offerRest(rest);

const require = createRequire(import.meta.url);

/** Creates a supabase-js client whose every call passes through a guard, in one line. */
export const createProtectedClient = protectedClientFactory(() => {
  try {
    return (require("@supabase/supabase-js") as { createClient: typeof createClient }).createClient;
  } catch (cause) {
    const error = new OptionError("supabase-js", "createProtectedClient() needs @supabase/supabase-js installed");
    error.cause = cause;
    throw error;
  }
});
