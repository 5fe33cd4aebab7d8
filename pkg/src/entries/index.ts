/** `seawall` for bundlers: the guard and the supabase-js the application bundles. */

import { createClient } from "@supabase/supabase-js";

import { protectedClientFactory } from "../client.js";

export * from "./guard.js";
export type { CreateProtectedClient, ProtectedClientOptions } from "../client.js";

/**
 * Creates a supabase-js client whose every call passes through a guard, in one line.
 *
 * @example
 * ```ts
 * import { createProtectedClient } from "seawall";
 *
 * const supabase = createProtectedClient(url, key, { timeout: 5_000 });
 * const { data, error } = await supabase.from("messages").select();
 * if (error?.code === "circuit_open") show("one moment, please");
 * ```
 */
export const createProtectedClient = protectedClientFactory(() => createClient);
