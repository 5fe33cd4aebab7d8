/** C13: metrics in a table, by the protected client, under row-level security. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { type Stack, startStack } from "../browser/stack.ts";
import { type Client, signedIn } from "./people.ts";

let stack: Stack;
let owner: Client;
let guest: Client;

before(async () => {
  stack = await startStack();
  owner = await signedIn(stack.url, "owner");
  guest = await signedIn(stack.url, "guest", { metrics: { table: "client_metrics" } });
});

after(async () => {
  owner?.guard.close();
  guest?.guard.close();
  await stack?.stop();
});

test("what a guest's page counted is in the table, a batch once, and read by the administrator alone", async () => {
  const began = new Date(Date.now() - 60_000).toISOString();
  await guest.from("rooms").select("name");
  await guest.from("messages").select("id").limit(1);
  await guest.guard.metrics.flush();
  await guest.from("rooms").select("name");
  await guest.guard.metrics.flush();
  assert.deepEqual((await guest.guard.metrics.snapshot()).sending, { unsent: 0, sent: 2, dropped: 0 });

  const { data, error } = await owner
    .from("client_metrics")
    .select("page, sequence, class, endpoint, calls, succeeded, latency")
    .gte("began_at", began)
    .order("sequence")
    .order("endpoint");
  assert.equal(error, null);
  const page = data?.at(-1)?.page as string;
  const rows = (data ?? []).filter((row) => row.page === page);
  const found = rows.map((row) => [row.sequence, row.class, row.endpoint, row.calls, row.succeeded]);
  assert.deepEqual(found, [
    [0, "auth", "/auth/v1/token", 1, 1],
    [0, "reads", "/rest/v1/messages", 1, 1],
    [0, "reads", "/rest/v1/rooms", 1, 1],
    [1, "reads", "/rest/v1/rooms", 1, 1],
  ]);
  assert.equal((rows[0]?.latency as { count: number }).count, 1);

  const seen = await guest.from("client_metrics").select("page");
  assert.deepEqual(seen.data, [], "the guest's own token has no admin claim");
});

test("what a page sends to the server's /ingest is in the server's metrics, a batch once", async () => {
  const page = await signedIn(stack.url, "guest", { metrics: { send: `${stack.url}/ingest` } });
  await page.from("rooms").select("name");
  await page.guard.metrics.flush();
  assert.deepEqual((await page.guard.metrics.snapshot()).sending, { unsent: 0, sent: 1, dropped: 0 });
  page.guard.close();

  const text = await (await fetch(`${stack.url}/metrics`)).text();
  const line = 'seawall_client_calls_total{service="rest",class="reads",endpoint="/rest/v1/rooms",outcome="ok"} 1';
  assert.ok(text.includes(line), text.split("\n").filter((told) => told.startsWith("seawall_client")).join("\n"));
  assert.match(text, /seawall_client_call_duration_seconds_count\{[^}]*endpoint="\/rest\/v1\/rooms"[^}]*\} 1/);
});

test("the server refuses what is no batch, and says why", async () => {
  const answer = await fetch(`${stack.url}/ingest`, { method: "POST", body: "{}" });
  assert.equal(answer.status, 400);
  assert.equal(((await answer.json()) as { code: string }).code, "SEAWALL_BAD_BATCH");
});
