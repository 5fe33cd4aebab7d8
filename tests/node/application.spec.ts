/** What an application does all day, with the real supabase-js through the guard, on the real server. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { type Stack, startStack, users } from "../browser/stack.ts";
import { type Client, HARBOUR, LIGHTHOUSE, signedIn, visitor } from "./people.ts";

let stack: Stack;
let owner: Client;
let guest: Client;

before(async () => {
  stack = await startStack();
  owner = await signedIn(stack.url, "owner");
  guest = await signedIn(stack.url, "guest");
});

after(async () => {
  owner?.guard.close();
  guest?.guard.close();
  await stack?.stop();
});

test("each sees their own rooms, and a stranger none", async () => {
  const names = async (client: Client) => {
    const { data, error } = await client.from("rooms").select("name").order("name");
    assert.equal(error, null);
    return (data ?? []).map((room) => room.name);
  };
  const stranger = await signedIn(stack.url, "stranger");
  assert.deepEqual(await names(owner), ["Harbour", "Lighthouse"]);
  assert.deepEqual(await names(guest), ["Harbour"]);
  assert.deepEqual(await names(stranger), []);
  stranger.guard.close();
});

test("nobody signed in is refused, and the circuit stays closed", async () => {
  const client = await visitor(stack.url);
  for (let call = 0; call < 8; call += 1) {
    const { error, status } = await client.from("rooms").select("name");
    assert.equal(status, 401);
    assert.equal(error?.code, "42501");
  }
  assert.equal(client.guard.breakers.get("rest")?.state ?? "closed", "closed");
  client.guard.close();
});

test("related rows come inside rows", async () => {
  const { data, error } = await owner
    .from("rooms")
    .select("name, messages(body, author:profiles(display_name))")
    .eq("id", LIGHTHOUSE)
    .order("created_at", { referencedTable: "messages", ascending: false })
    .limit(1, { referencedTable: "messages" })
    .single();
  assert.equal(error, null);
  assert.deepEqual(data, {
    name: "Lighthouse",
    messages: [{ body: "Fog signal off at first light, lens cleaned.", author: { display_name: "Owner" } }],
  });
});

test("a page of rows comes with the count of all", async () => {
  const { data, count, status } = await owner.from("messages").select("id", { count: "exact" }).eq("room_id", LIGHTHOUSE).range(0, 0);
  assert.equal(data?.length, 1);
  assert.equal(count, 2);
  assert.equal(status, 206);
});

test("no row where one was wanted is an error, and null where it was allowed", async () => {
  const none = () => owner.from("rooms").select("id").eq("name", "Nowhere");
  assert.equal((await none().single()).error?.code, "PGRST116");
  const { data, error } = await none().maybeSingle();
  assert.deepEqual({ data, error }, { data: null, error: null });
});

test("a message is written, read by the other, and deleted by its author only", async () => {
  const written = await guest.from("messages").insert({ room_id: HARBOUR, body: "From Node" }).select().single();
  assert.equal(written.error, null);
  assert.equal(written.data.author_id, users.guest.id);

  const read = await owner.from("messages").select("body").eq("id", written.data.id).single();
  assert.equal(read.data?.body, "From Node");

  const byOther = await owner.from("messages").delete().eq("id", written.data.id).select();
  assert.deepEqual(byOther.data, []);
  const byAuthor = await guest.from("messages").delete().eq("id", written.data.id).select();
  assert.equal(byAuthor.data?.length, 1);
});

test("a room one does not belong to takes no message", async () => {
  const { error, status } = await guest.from("messages").insert({ room_id: LIGHTHOUSE, body: "boo" });
  assert.equal(status, 403);
  assert.equal(error?.code, "42501");
});

test("a function is called, and its rows filtered", async () => {
  const { data, error } = await owner.rpc("room_activity", { room: LIGHTHOUSE }).select("author, messages").eq("author", "Owner");
  assert.equal(error, null);
  assert.deepEqual(data, [{ author: "Owner", messages: 2 }]);
});

test("the session knows its user, is refreshed, and ends", async () => {
  const client = await signedIn(stack.url, "guest");
  const { data } = await client.auth.getUser();
  assert.equal(data.user?.email, users.guest.email);
  const refreshed = await client.auth.refreshSession();
  assert.equal(refreshed.error, null);
  assert.equal((await client.from("rooms").select("id")).data?.length, 1);
  assert.equal((await client.auth.signOut()).error, null);
  assert.equal((await client.from("rooms").select("id")).status, 401);
  client.guard.close();
});

test("a wrong password is the caller's fault", async () => {
  const client = await visitor(stack.url);
  const { error } = await client.auth.signInWithPassword({ email: users.guest.email, password: "wrong" });
  assert.equal(error?.status, 400);
  assert.equal(error?.code, "invalid_credentials");
  client.guard.close();
});
