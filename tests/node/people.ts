/** The people of the example application as supabase-js clients in Node, behind a guard. */

import type { SupabaseClient } from "@supabase/supabase-js";
import { createProtectedClient, type GuardOptions, type Protected } from "seawall";
import WebSocket from "ws";

import { users } from "../browser/stack.ts";

export type Client = Protected<SupabaseClient>;

export const HARBOUR = "aaaaaaaa-0000-4000-8000-000000000001";
export const LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000002";

/** Node 20 has no WebSocket of its own, and supabase-js wants to see one. */
export const REALTIME = { realtime: { transport: WebSocket as never } };

/** The key of the example application. */
export async function anonKey(url: string): Promise<string> {
  const { anonKey: key } = (await (await fetch(`${url}/dev/config`)).json()) as { anonKey: string };
  return key;
}

/** A client nobody has signed in with. */
export async function visitor(url: string, options: GuardOptions = {}): Promise<Client> {
  return createProtectedClient(url, await anonKey(url), {
    storage: "memory",
    ...REALTIME,
    auth: { persistSession: false, autoRefreshToken: false },
    ...options,
  } as never) as Client;
}

/** A client somebody has signed in with. */
export async function signedIn(url: string, who: keyof typeof users, options: GuardOptions = {}): Promise<Client> {
  const client = await visitor(url, options);
  const { email, password } = users[who];
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return client;
}
