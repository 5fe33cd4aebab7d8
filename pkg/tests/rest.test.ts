/** The guard without its second part, which comes when the first request is on its way: what holds until then. */

import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
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
async function fresh(without?: string, instead?: string): Promise<typeof Module> {
  const folder = await mkdtemp(join(tmpdir(), "seawall-rest-"));
  folders.push(folder);
  await cp(DIST, folder, { recursive: true, filter: (path) => !path.includes("tests") && !path.endsWith("types") });
  if (without && instead === undefined) await rm(join(folder, without));
  if (without && instead !== undefined) await writeFile(join(folder, without), instead);
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

  test("a first call that fails goes on as it would have with all of it", async () => {
    const live = async (create: typeof createGuard): Promise<unknown[]> => {
      const seen: unknown[] = [];
      let sent = 0;
      const lose = async (): Promise<Response> => {
        sent += 1;
        if (sent < 3) throw new TypeError("lost");
        return Response.json([], { headers: { ratelimit: '"reads";r=7;t=60' } });
      };
      const guard = create({ retry: { attempts: 3, baseDelay: 1 } }, { fetch: lose, storage: () => undefined });
      guard.on("retry", ({ category, attempt }) => seen.push([category, attempt]));
      guard.on("call", ({ ok, category, status, attempts }) => seen.push([ok, category, status, attempts]));
      seen.push(await (await guard.fetch(ADDRESS)).json());
      await until(() => guard.breakers.get("rest")?.statistics.successes === 1);
      const { successes, failures, state } = guard.breakers.get("rest")!.statistics;
      seen.push([successes, failures, state, guard.snapshot().limits.map(({ name, remaining }) => [name, remaining]), sent]);
      guard.close();
      return seen;
    };
    const module = await fresh();
    assert.deepEqual(await live(module.createGuard), await live(createGuard));
  });

  test("more calls at once than may go early all get their answers, and all are counted", async () => {
    const module = await fresh();
    const guard = module.createGuard(OPTIONS, { ...createWorld(), fetch: async () => Response.json([]) });
    const answers = await Promise.all(Array.from({ length: 40 }, () => guard.fetch(ADDRESS, APART)));
    await Promise.all(answers.map((answer) => answer.text()));
    await until(() => guard.breakers.get("rest")?.statistics.successes === 40);
    const { calls, limits } = guard.snapshot();
    assert.deepEqual([calls.succeeded, calls.inflight, guard.breakers.get("rest")?.statistics.successes], [40, 0, 40]);
    assert.equal(limits.find(({ endpoint }) => endpoint !== null)?.remaining, 60);
    guard.close();
  });

  test("a circuit that a hand opens is open for the next call", async () => {
    const module = await fresh();
    let sent = 0;
    const guard = module.createGuard(OPTIONS, { ...createWorld(), fetch: async () => ((sent += 1), Response.json([])) });
    guard.breakers.get("rest")?.forceOpen();
    assert.equal(guard.breakers.get("rest")?.state, "forced_open");
    await assert.rejects(guard.fetch(ADDRESS), { code: "circuit_open" });
    assert.equal(guard.breakers.get("rest")?.state, "forced_open");
    assert.equal(sent, 0);
    guard.close();
  });

  test("what waits for it ends with its caller and with the guard", async () => {
    const module = await fresh("rest.js", "await new Promise(() => {});");
    const lose = async (): Promise<Response> => {
      throw new TypeError("lost");
    };
    const guard = module.createGuard(OPTIONS, { ...createWorld(), fetch: lose });
    const controller = new AbortController();
    const leaves = guard.fetch(ADDRESS, { ...APART, signal: controller.signal });
    const stays = guard.fetch(ADDRESS, APART);
    await settled();
    const refused = guard.fetch(ADDRESS, APART);
    await settled();
    controller.abort(new Error("enough"));
    await assert.rejects(leaves, { message: "enough" });
    guard.close();
    await assert.rejects(stays, { code: "closed" });
    await assert.rejects(refused, { code: "closed" });
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
  test("a failure is what it is, at once and once, and nothing of it is lost", async () => {
    const module = await fresh("rest.js");
    const seen: unknown[] = [];
    let sent = 0;
    const lose = async (): Promise<Response> => {
      sent += 1;
      throw new TypeError("lost");
    };
    const guard = module.createGuard({ breaker: { failureThreshold: 3 } }, { ...createWorld(), fetch: lose });
    guard.on("call", ({ ok, category, attempts }) => seen.push([ok, category, attempts]));
    guard.on("failure", ({ category, code }) => seen.push([category, code]));
    for (let call = 1; call <= 3; call += 1) {
      await assert.rejects(guard.fetch(ADDRESS, APART), { name: "NetworkError", code: "network", category: "network" });
      assert.deepEqual(seen.splice(0), [[false, "network", 1], ["network", "network"]]);
    }
    await assert.rejects(guard.fetch(ADDRESS, APART), { name: "CircuitOpenError", retryAfter: 30_000 });
    assert.deepEqual([sent, guard.snapshot().calls.failed, guard.snapshot().calls.refused], [3, 3, 1]);
    // It comes after all, from wherever: the core hears of what happened before it was there.
    module.offerRest((await import(pathToFileURL(join(DIST, "rest.js")).href)).rest);
    assert.deepEqual([guard.breakers.get("rest")?.state, guard.breakers.get("rest")?.statistics.failures], ["open", 3]);
    guard.close();
  });

  test("a limit is held, and one call at a time finds out whether an outage is over", async () => {
    const module = await fresh("rest.js");
    const world = createWorld();
    let status = 200;
    const answer = async (): Promise<Response> => Response.json([], { status });
    const options: GuardOptions = { ...OPTIONS, breaker: { failureThreshold: 2 }, limits: { reads: { limit: 3, window: 10_000 } } };
    const guard = module.createGuard(options, { ...world, fetch: answer });
    for (let call = 0; call < 3; call += 1) await (await guard.fetch(ADDRESS, APART)).text();
    await assert.rejects(guard.fetch(ADDRESS, APART), { code: "rate_limited", retryAfter: 10_000 });
    await world.advance(10_000);
    status = 503;
    for (let call = 0; call < 2; call += 1) assert.equal((await guard.fetch(ADDRESS, APART)).status, 503);
    await assert.rejects(guard.fetch(ADDRESS, APART), { code: "circuit_open" });
    await world.advance(30_000);
    const probes = await Promise.allSettled([guard.fetch(ADDRESS, APART), guard.fetch(ADDRESS, APART)]);
    assert.deepEqual(probes.map(({ status: how }) => how), ["fulfilled", "rejected"]);
    await assert.rejects(guard.fetch(ADDRESS, APART), { code: "circuit_open" });
    await world.advance(30_000);
    status = 200;
    for (let call = 0; call < 2; call += 1) assert.equal(await (await guard.fetch(ADDRESS, APART)).text(), "[]");
    guard.close();
  });

  test("a file that never comes is not waited for for ever", async () => {
    const module = await fresh("rest.js", "await new Promise(() => {});");
    const world = createWorld();
    const guard = module.createGuard(OPTIONS, { ...world, fetch: async () => new Response(null, { status: 502 }) });
    const answer = guard.fetch(ADDRESS);
    await world.advance(5_000);
    assert.equal((await answer).status, 502);
    guard.close();
  });

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
