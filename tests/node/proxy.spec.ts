/** Proxy mode: supabase-js, unmodified, through the server in front of a project. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { type RealtimeChannel, type SupabaseClient, createClient } from "@supabase/supabase-js";

import { type Stack, freePort, startStack, users } from "../browser/stack.ts";
import { LIGHTHOUSE, REALTIME, anonKey } from "./people.ts";
import { type StandIns, startStandIns } from "./project/stand-ins.ts";

let behind: Stack;
let standIns: StandIns;
let front: ChildProcess;
let url: string;
let key: string;
let owner: SupabaseClient;

before(async () => {
  behind = await startStack();
  standIns = await startStandIns();
  key = await anonKey(behind.url);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  front = spawn(process.env["SEAWALL_BINARY"] ?? "", ["serve"], {
    env: {
      PATH: process.env["PATH"],
      SEAWALL_LISTEN: `127.0.0.1:${port}`,
      SEAWALL_UPSTREAM_URL: standIns.url,
      SEAWALL_UPSTREAM_REST_URL: `${behind.url}/rest/v1`,
      SEAWALL_UPSTREAM_AUTH_URL: `${behind.url}/auth/v1`,
      // More than the people of a test use in a minute.
      SEAWALL_DEFAULT_TIER: "enterprise",
      JWT_SECRET: "a secret for tests, long enough to sign with",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${url}/ready`).catch(() => null);
    if (answer?.ok) break;
    await sleep(50);
  }
  owner = await signedIn("owner");
});

after(async () => {
  await owner?.removeAllChannels();
  if (front && front.exitCode === null) {
    front.kill("SIGTERM");
    await once(front, "exit");
  }
  await standIns?.close();
  await behind?.stop();
});

function visitor(): SupabaseClient {
  return createClient(url, key, { ...REALTIME, auth: { persistSession: false, autoRefreshToken: false } });
}

async function signedIn(who: keyof typeof users): Promise<SupabaseClient> {
  const client = visitor();
  const { email, password } = users[who];
  const { error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return client;
}

test("rows are read and written, and functions of the database called", async () => {
  const rooms = await owner.from("rooms").select("name").order("name");
  assert.deepEqual(rooms.data?.map((room) => room.name as string), ["Harbour", "Lighthouse"]);
  const written = await owner.from("messages").insert({ room_id: LIGHTHOUSE, body: "Through the wall" }).select().single();
  assert.equal(written.error, null);
  const gone = await owner.from("messages").delete().eq("id", (written.data as { id: string }).id).select();
  assert.equal(gone.data?.length, 1);
  const counted = await owner.from("messages").select("id", { count: "exact", head: true }).eq("room_id", LIGHTHOUSE);
  assert.equal(counted.count, 2);
  const activity = await owner.rpc("room_activity", { room: LIGHTHOUSE }).select("author, messages");
  assert.equal(activity.error, null);
});

test("errors come through as they are", async () => {
  const none = await owner.from("rooms").select("id").eq("name", "Nowhere").single();
  assert.equal(none.error?.code, "PGRST116");
  const nobody = await visitor().from("rooms").select("name");
  assert.deepEqual([nobody.status, nobody.error?.code], [401, "42501"]);
});

test("a session begins, knows its user, is refreshed, and ends", async () => {
  const guest = await signedIn("guest");
  assert.equal((await guest.auth.getUser()).data.user?.email, users.guest.email);
  assert.equal((await guest.auth.refreshSession()).error, null);
  assert.equal((await guest.auth.signOut()).error, null);
  // A sign-out everywhere concerns all tokens of its second; those of the next tests are to be later.
  await sleep(1_100);
  const wrong = await visitor().auth.signInWithPassword({ email: users.guest.email, password: "wrong" });
  assert.equal(wrong.error?.code, "invalid_credentials");
});

const PNG = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1"), Buffer.alloc(2_000, 0x55)]);

test("files are stored, listed, fetched and removed", async () => {
  const bucket = owner.storage.from("avatars");
  const plain = await bucket.upload("a/plain.png", PNG, { contentType: "image/png" });
  assert.equal(plain.error, null);
  const formed = await bucket.upload("a/formed.png", new Blob([PNG], { type: "image/png" }));
  assert.equal(formed.error, null);
  assert.deepEqual(standIns.objects.get("avatars/a/plain.png"), PNG);
  assert.deepEqual(standIns.objects.get("avatars/a/formed.png"), PNG);
  assert.equal((await bucket.list()).data?.length, 2);
  const fetched = await bucket.download("a/formed.png");
  assert.deepEqual(Buffer.from(await (fetched.data as Blob).arrayBuffer()), PNG);
  assert.equal((await bucket.remove(["a/plain.png", "a/formed.png"])).error, null);
  assert.equal(standIns.objects.size, 0);
});

test("a file that is not what it is called does not reach storage", async () => {
  const { error } = await owner.storage.from("avatars").upload("me.png", Buffer.from("<script>alert(1)</script>"), { contentType: "image/png" });
  assert.ok(error?.message.includes("text/html"), error?.message);
  assert.equal((error as unknown as { statusCode?: string }).statusCode, "SEAWALL_UPLOAD_MISMATCH");
  assert.equal(standIns.objects.size, 0);
});

test("functions are invoked, and stream", async () => {
  const hello = await owner.functions.invoke("hello", { body: { a: 1 } });
  assert.deepEqual(hello.data, { name: "hello", asked: { a: 1 }, authorized: true });
  const streamed = await owner.functions.invoke("stream");
  assert.match(await (streamed.data as Response).text(), /data: one\n\ndata: two\n\ndata: three/);
});

async function joined(client: SupabaseClient, name: string, heard: (payload: unknown) => void): Promise<RealtimeChannel> {
  const channel = client.channel(name);
  channel.on("broadcast", { event: "wave" }, ({ payload }) => heard(payload));
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve();
      else if (status !== "CLOSED") reject(error ?? new Error(status));
    });
  });
  return channel;
}

test("channels are joined, and what one sends the other hears", async () => {
  const guest = await signedIn("guest");
  const heard: unknown[] = [];
  await joined(guest, "harbour", (payload) => heard.push(payload));
  const channel = await joined(owner, "harbour", () => assert.fail("heard itself"));
  assert.equal(await channel.send({ type: "broadcast", event: "wave", payload: { to: "all" } }), "ok");
  for (let tries = 0; heard.length === 0 && tries < 100; tries += 1) await sleep(20);
  assert.deepEqual(heard, [{ to: "all" }]);
  const open = /websocket_connections (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
  assert.equal(open, "2");
  await guest.removeAllChannels();
});
