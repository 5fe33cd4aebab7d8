/** Types as users write them; compiled by tsc and never run. A line that must not compile says so. */

import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { type GuardedQuery, useGuardedQuery } from "seawall/react";
import type { Explanation } from "seawall/messages";
import { createGuard, createProtectedClient, type Guard, type Protected, protect, type TransitionEvent } from "seawall";

interface Database {
  public: {
    Tables: {
      messages: {
        Row: { id: number; text: string };
        Insert: { id?: number; text: string };
        Update: { id?: number; text?: string };
        Relationships: [];
      };
    };
    Views: { [_ in never]: never };
    Functions: { add: { Args: { a: number; b: number }; Returns: number } };
  };
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

export async function generatedTypesAreKept(): Promise<void> {
  const created = createProtectedClient<Database>("http://x.example.test", "key", { timeout: 1_000 });
  const { data } = await created.from("messages").select("id, text").single();
  same<typeof data, { id: number; text: string } | null>(true);
  const sum = await created.rpc("add", { a: 1, b: 2 });
  same<typeof sum.data, number | null>(true);
  // @ts-expect-error there is no such table
  created.from("mesages");
  // @ts-expect-error text is required
  created.from("messages").insert({ id: 1 });

  const client = createClient<Database>("http://x.example.test", "key");
  const guarded = protect(client);
  same<typeof guarded, Protected<typeof client>>(true);
  const plain: SupabaseClient<Database> = guarded;
  same<(typeof guarded)["guard"], Guard>(true);
  await plain.from("messages").select();
}

export function optionsAreTyped(): void {
  createGuard({ breaker: { failureThreshold: 3 }, limits: { reads: { limit: 5 } }, storage: "memory" });
  createProtectedClient("http://x.example.test", "key", { auth: { persistSession: false }, storage: "memory" });
  createProtectedClient("http://x.example.test", "key", { guard: createGuard() });
  // @ts-expect-error no such storage
  createGuard({ storage: "disk" });
  // @ts-expect-error a number of milliseconds
  createGuard({ timeout: "1s" });
  // @ts-expect-error no such option
  createGuard({ timeOut: 1 });
}

export function eventsAreTyped(guard: Guard): void {
  const stop = guard.on("transition", (event) => same<typeof event, TransitionEvent>(true));
  same<typeof stop, () => void>(true);
  guard.on("call", ({ category, attempts }) => [category === "timeout", attempts.toFixed()]);
  // @ts-expect-error no such event
  guard.on("transitions", () => {});
  guard.breakers.get("rest")?.forceOpen();
  createClient("http://x.example.test", "key", { global: { fetch: guard.fetch } });
}

export function queriesKnowTheirData(client: SupabaseClient<Database>): void {
  const rows = useGuardedQuery(["messages"], (signal) => client.from("messages").select("id, text").abortSignal(signal));
  same<typeof rows, GuardedQuery<{ id: number; text: string }[]>>(true);
  const plain = useGuardedQuery("count", async () => 7);
  same<typeof plain.data, number | undefined>(true);
  same<typeof rows.error, Explanation | undefined>(true);
}

export async function failuresAreExplained(guard: Guard, client: Protected<SupabaseClient<Database>>): Promise<void> {
  const { error } = await client.from("messages").select();
  const { category, retryAfter } = await guard.explain(error);
  same<typeof retryAfter, number | undefined>(true);
  // @ts-expect-error no such category
  category === "nonsense";
  createGuard({ messages: { conflict: "…", "23505": "…" }, onError: ({ message }) => message.trim() });
  // @ts-expect-error a sentence is text
  createGuard({ messages: { conflict: 7 } });
}

export async function queriesKnowTheDatabase(): Promise<void> {
  const db = createGuard({ url: "http://x.example.test", key: "key" }).typed<Database>();
  const all = await db.from("messages").select();
  same<typeof all.data, { id: number; text: string }[] | null>(true);
  const some = await db.from("messages").select("id, text").eq("id", 1).single();
  same<typeof some.data, Pick<{ id: number; text: string }, "id" | "text"> | null>(true);
  const own = await db.from("messages").select<{ id: number; room: { name: string } }>("id,room(name)");
  same<typeof own.data, { id: number; room: { name: string } }[] | null>(true);
  const sum = await db.rpc("add", { a: 1, b: 2 });
  same<typeof sum.data, number | null>(true);
  // @ts-expect-error there is no such table
  db.from("mesages");
  // @ts-expect-error text is required
  db.from("messages").insert({ id: 1 });
  if (all.error) all.error.code.length;
  else all.data.map(({ text }) => text);
}
