/** One line for a guarded supabase-js client; the only file that needs supabase-js. */

import type { createClient as CreateClient, SupabaseClient, SupabaseClientOptions } from "@supabase/supabase-js";

import { createGuard, type Guard } from "./guard.js";
import type { GuardOptions } from "./options.js";
import { protect, type Protected } from "./protect.js";

type PublicSchema<Database> = "public" extends keyof Omit<Database, "__InternalSupabase">
  ? "public"
  : string & keyof Omit<Database, "__InternalSupabase">;

/**
 * The guard's options and supabase-js's own, side by side.
 *
 * `storage` means the guard's when it is a string, and supabase-js's when it is an object. An existing
 * `guard` may be shared by several clients.
 *
 * @example
 * ```ts
 * import { createProtectedClient, type ProtectedClientOptions } from "seawall";
 *
 * const options: ProtectedClientOptions<"public"> = { timeout: 5_000, auth: { persistSession: false } };
 * const supabase = createProtectedClient(url, key, options);
 * ```
 */
export type ProtectedClientOptions<SchemaName> = Omit<GuardOptions, "storage"> &
  Omit<SupabaseClientOptions<SchemaName>, "storage"> & {
    storage?: GuardOptions["storage"] | SupabaseClientOptions<SchemaName>["storage"];
    guard?: Guard;
  };

/** The names that supabase-js takes; all others are the guard's, which refuses those it does not know. */
const SUPABASE_OPTIONS = new Set(["db", "auth", "realtime", "global", "accessToken", "tracePropagation"]);

/**
 * Creates a supabase-js client whose every call passes through a guard. Generated types are kept.
 *
 * @example
 * ```ts
 * import type { CreateProtectedClient } from "seawall";
 *
 * function connect(create: CreateProtectedClient) {
 *   return create(url, key, { timeout: 5_000 });
 * }
 * ```
 */
export type CreateProtectedClient = <
  // biome-ignore lint: supabase-js's own default for clients without generated types.
  Database = any,
  SchemaNameOrClientOptions extends
    | (string & keyof Omit<Database, "__InternalSupabase">)
    | { PostgrestVersion: string } = PublicSchema<Database>,
  SchemaName extends string & keyof Omit<Database, "__InternalSupabase"> = SchemaNameOrClientOptions extends string &
    keyof Omit<Database, "__InternalSupabase">
    ? SchemaNameOrClientOptions
    : PublicSchema<Database>,
>(
  url: string,
  key: string,
  options?: ProtectedClientOptions<SchemaName>,
) => Protected<SupabaseClient<Database, SchemaNameOrClientOptions, SchemaName>>;

/** Ties {@link CreateProtectedClient} to the supabase-js that an entry found. */
export function protectedClientFactory(createClient: () => typeof CreateClient): CreateProtectedClient {
  return ((url: string, key: string, options: ProtectedClientOptions<string> = {}) => {
    const { forGuard, forSupabase, guard } = sortOptions(options);
    const chosen = guard ?? createGuard(forGuard);
    const ownFetch = forSupabase.global?.fetch;
    // Parts of the client made later, or by a later version in another way, are guarded by this one.
    const fetch = ownFetch ? chosen.wrap(ownFetch) : chosen.fetch;
    const global = { ...forSupabase.global, fetch };
    return protect(createClient()(url, key, { ...forSupabase, global } as never), chosen);
  }) as CreateProtectedClient;
}

interface SortedOptions {
  forGuard: GuardOptions;
  forSupabase: SupabaseClientOptions<string>;
  guard: Guard | undefined;
}

function sortOptions(options: ProtectedClientOptions<string>): SortedOptions {
  const forGuard: Record<string, unknown> = {};
  const forSupabase: Record<string, unknown> = {};
  const { guard, ...others } = options;
  for (const [name, value] of Object.entries(others)) {
    const isSupabase = SUPABASE_OPTIONS.has(name) || (name === "storage" && typeof value === "object");
    (isSupabase ? forSupabase : forGuard)[name] = value;
  }
  return { forGuard, forSupabase, guard };
}
