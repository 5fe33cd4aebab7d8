/** The one place where the guard and supabase-js meet. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { createGuard, createProtectedClient, type Guard, type GuardOptions } from "seawall";

import type { DemoConfig } from "./config.ts";
import type { Database } from "./database.ts";
import { guardOptions } from "./options.ts";

export type Client = SupabaseClient<Database>;

export interface Connection {
  guard: Guard;
  client: Client;
}

export function connect(config: DemoConfig, query: URLSearchParams, more: GuardOptions = {}): Connection {
  const guard = createGuard({ ...guardOptions(query), ...more });
  const client = createProtectedClient<Database>(config.url, config.anonKey, { guard });
  return { guard, client };
}
