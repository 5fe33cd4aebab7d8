/** The guard without its second part, which comes when the first request is on its way: what holds until then. */

import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import type * as Module from "seawall/guard";
import { createGuard, type GuardOptions } from "seawall";

import { createWorld, settled } from "./world.js";

const DIST = join(fileURLToPath(import.meta.url), "..", "..");
const ADDRESS = "http://project.example.test/rest/v1/messages";
const OPTIONS: GuardOptions = { retry: { attempts: 1 }, breaker: { jitter: 0 } };
const APART = { seawall: { coalesce: false } } as RequestInit;

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** The package's first file in a place of its own, so that nothing of it is loaded yet; with `without`, a file is missing. */
async function fresh(without?: string): Promise<typeof Module> {
  const folder = await mkdtemp(join(tmpdir(), "seawall-rest-"));
  folders.push(folder);
  await cp(DIST, folder, { recursive: true, filter: (path) => !path.includes("tests") && !path.endsWith("types") });
  if (without) await rm(join(folder, without));
  await cp(join(DIST, "..", "package.json"), join(folder, "package.json"));
  return (await import(pathToFileURL(join(folder, "guard.js")).href)) as typeof Module;
}

/** Until a file has been read and what waits for it has gone on. */
async function until(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 500 && !holds(); round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await settled();
  }
}

function texts(kept: Map<string, string>): string[] {
  return [...kept.values()];
}

describe("before the second part is there", () => {
  test("the first request is sent on the line that follows createGuard()", async () => {
    const module = await fresh();
    let sent = 0;
    const guard = module.createGuard(OPTIONS, { ...createWorld(), fetch: async () => ((sent += 1), Response.json([])) });
    const answer = guard.fetch(ADDRESS);
    await settled();
    assert.equal(sent, 1);
    assert.equal((await answer).status, 200);
    assert.equal(guard.snapshot().calls.succeeded + guard.snapshot().calls.inflight, 1);
    assert.equal(guard.breakers.get("rest")?.state, "closed");
    guard.close();
  });

  for (const without of [undefined, "rest.js"]) {
    test(`a preference is no stumbling block, ${without ? "also where the part that reads it is missing" : "whoever reads it"}`, async () => {
      const module = await fresh(without);
      let sent = 0;
      const world = { ...createWorld(), fetch: async () => ((sent += 1), new Response(null, { status: 201 })), report: () => {} };
      const guard = module.createGuard(OPTIONS, world);
      const headers = { prefer: "resolution=merge-duplicates" };
      const answer = await guard.fetch(ADDRESS, { method: "POST", headers, body: "[]" });
      assert.deepEqual([answer.status, sent], [201, 1]);
      guard.close();
    });
  }

  test("requests are sorted as they are with it", async () => {
    const module = await fresh();
    const requests = [
      ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].map((method) => [method, "/rest/v1/messages"]),
      ...["/rest/v1/rpc/sum", "/rpc/sum", "/messages"].map((path) => ["POST", path]),
      ...["/auth/v1/token", "/auth/v1/user", "/functions/v1/hello"].map((path) => ["POST", path]),
      ...["object/public/a/b", "object/list/a", "object/sign/a/b", "object/a/b", "bucket", "object/info/a/b", "upload/resumable"].flatMap((path) =>
        ["GET", "POST"].map((method) => [method, `/storage/v1/${path}`]),
      ),
    ] as const;
    const sorted = async (create: typeof createGuard): Promise<string[]> => {
      const found: string[] = [];
      // No word but the status, so that the second part is not waited for.
      const guard = create(OPTIONS, { ...createWorld(), fetch: async () => new Response(null, { status: 204 }) });
      guard.on("call", (event) => found.push([event.method, event.service, event.class, event.endpoint].join(" ")));
      await Promise.all(requests.map(([method, path]) => guard.fetch(`http://project.example.test${path}`, { method, ...APART })));
      guard.close();
      return found;
    };
    assert.deepEqual(await sorted(module.createGuard), await sorted(createGuard));
  });

  test("a first answer that asks for quiet is understood before anybody hears of it", async () => {
    const module = await fresh();
    let sent = 0;
    const refuse = async (): Promise<Response> => {
      sent += 1;
      return Response.json({ code: "over_request_rate_limit" }, { status: 429, headers: { "retry-after": "30" } });
    };
    const guard = module.createGuard({ ...OPTIONS, limits: { maxWait: 0 } }, { ...createWorld(), fetch: refuse });
    const first = await guard.fetch(ADDRESS, APART);
    assert.equal(first.status, 429);
    await assert.rejects(guard.fetch(ADDRESS, APART), { code: "rate_limited", retryAfter: 30_000 });
    assert.equal(sent, 1);
    guard.close();
  });

  test("a code in the first answer decides, not its status", async () => {
    const module = await fresh();
    const failures: (string | undefined)[] = [];
    let sent = 0;
    const conflict = async (): Promise<Response> => {
      sent += 1;
      return sent === 1 ? Response.json({ code: "40001", message: "serialize" }, { status: 500 }) : Response.json([]);
    };
    const guard = module.createGuard({ retry: { attempts: 2, baseDelay: 1 } }, { fetch: conflict, storage: () => undefined });
    guard.on("failure", ({ category }) => failures.push(category));
    assert.equal((await guard.fetch(ADDRESS)).status, 200);
    assert.deepEqual([sent, failures], [2, []]);
    guard.close();
  });

  test("a circuit that an earlier page left open is open for the first call", async () => {
    const kept = new Map<string, string>();
    const earlier = createGuard(OPTIONS, { ...createWorld(kept), fetch: async () => Response.json({}, { status: 502 }) });
    for (let call = 0; call < 5; call += 1) await (await earlier.fetch(ADDRESS, APART)).text();
    earlier.close();
    assert.ok(texts(kept).length > 0);

    const module = await fresh();
    let sent = 0;
    const guard = module.createGuard(OPTIONS, { ...createWorld(kept), fetch: async () => ((sent += 1), Response.json([])) });
    const causes: string[] = [];
    guard.on("transition", ({ cause }) => causes.push(cause));
    await assert.rejects(guard.fetch(ADDRESS), { code: "circuit_open" });
    assert.equal(sent, 0);
    assert.deepEqual(causes, ["restored"]);
    guard.close();
  });

  test("a circuit that opens early is stored when it can be", async () => {
    const module = await fresh();
    const kept = new Map<string, string>();
    const guard = module.createGuard(OPTIONS, { ...createWorld(kept), fetch: async () => Response.json({}, { status: 502 }) });
    await Promise.all(Array.from({ length: 5 }, () => guard.fetch(ADDRESS, APART)));
    await until(() => texts(kept).some((text) => text.endsWith(" rest\n") || text.includes(" rest\n")));
    assert.equal(guard.breakers.get("rest")?.state, "open");
    assert.ok(texts(kept).some((text) => text.includes(" rest\n")), JSON.stringify(texts(kept)));
    guard.close();
  });
});

describe("where the second part cannot be loaded", () => {
  test("calls are guarded as far as a status tells, and what is stored stays as it is", async () => {
    const module = await fresh("rest.js");
    const stored = "1,2,3 rest\n";
    const kept = new Map([["seawall:breakers", stored]]);
    let status = 200;
    const world = createWorld(kept);
    const guard = module.createGuard(OPTIONS, {
      ...world,
      report: () => {},
      fetch: async () => Response.json({ code: "PGRST003" }, { status, headers: { ratelimit: '"reads";r=0;t=60' } }),
    });
    assert.equal(await (await guard.fetch(ADDRESS, APART)).text(), '{"code":"PGRST003"}');
    status = 502;
    for (let call = 0; call < 5; call += 1) assert.equal((await guard.fetch(ADDRESS, APART)).status, 502);
    await assert.rejects(guard.fetch(ADDRESS, APART), { code: "circuit_open" });
    await world.advance(2_000);
    guard.close();
    assert.equal(kept.get("seawall:breakers"), stored);
  });
});
