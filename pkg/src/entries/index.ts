/** `seawall` for bundlers: the guard and the supabase-js the application bundles. */

import { createClient } from "@supabase/supabase-js";

import { protectedClientFactory } from "../client.js";

export * from "./guard.js";
export type { CreateProtectedClient, ProtectedClientOptions } from "../client.js";

/** Creates a supabase-js client whose every call passes through a guard, in one line. */
export const createProtectedClient = protectedClientFactory(() => createClient);
