/** What an example may take for granted: a guard, a client, an address, a place to show something. */

declare const guard: import("seawall/guard").Guard;
declare const supabase: import("@supabase/supabase-js").SupabaseClient;
declare const url: string;
declare const key: string;
declare function show(...things: unknown[]): void;
