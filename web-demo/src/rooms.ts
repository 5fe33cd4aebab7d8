/** Every call the application makes, through the real supabase-js. No call knows of the guard. */

import type { Client } from "./connection.ts";

export interface Room {
  id: string;
  name: string;
  topic: string;
  messageCount: number;
}

export interface Message {
  id: string;
  body: string;
  createdAt: Date;
  authorId: string;
  author: string;
}

export interface AuthorActivity {
  author: string;
  messages: number;
}

/** How many messages a room shows; older ones stay in the database. */
const PAGE = 60;

export async function listRooms(client: Client): Promise<Room[]> {
  const rows = settled(await client.from("room_summaries").select("id, name, topic, message_count").order("name"));
  return rows.map(({ message_count, ...room }) => ({ ...room, messageCount: message_count }));
}

export async function listMessages(client: Client, roomId: string): Promise<Message[]> {
  const rows = settled(
    await client
      .from("messages")
      .select("id, body, created_at, author:profiles(id, display_name)")
      .eq("room_id", roomId)
      .order("created_at", { ascending: false })
      .limit(PAGE),
  );
  return rows.reverse().map((row) => ({
    id: row.id,
    body: row.body,
    createdAt: new Date(row.created_at),
    authorId: row.author.id,
    author: row.author.display_name,
  }));
}

export async function roomActivity(client: Client, roomId: string): Promise<AuthorActivity[]> {
  return settled(await client.rpc("room_activity", { room: roomId }, { get: true }));
}

export async function postMessage(client: Client, roomId: string, body: string): Promise<void> {
  settled(await client.from("messages").insert({ room_id: roomId, body }));
}

/** Whether the message was still there to be deleted by whoever asks. */
export async function deleteMessage(client: Client, id: string): Promise<boolean> {
  return settled(await client.from("messages").delete().eq("id", id).select("id")).length > 0;
}

type Answer<Data> = { data: Data; error: null; status: number } | { data: null; error: object; status: number };

/**
 * The data, or the error thrown with all that is in it. supabase-js's own throwOnError would rebuild it
 * and lose what the guard says in it: category and time to wait.
 */
function settled<Data>({ data, error, status }: Answer<Data>): Data {
  if (error !== null) throw Object.assign(new Error("the call failed"), error, { status });
  return data as Data;
}
