/** guard.fetch and a bare fetch side by side: the server and the caller must not see a difference. */

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { createGuard, type Guard, NetworkError } from "seawall";

import { type Backend, deadAddress, json, startBackend, text } from "./backend.js";

/** What postgrest-js shows of a failure beside its own name and message. */
function causeOf({ cause }: Error): unknown {
  const { name, code } = cause as Error & { code?: string };
  return { name, code };
}

const LIMITS = { reads: { limit: 10_000 }, writes: { limit: 10_000 } };

describe("guard.fetch beside a bare fetch", () => {
  let backend: Backend;
  let guard: Guard;
  before(async () => {
    backend = await startBackend();
    guard = createGuard({ limits: LIMITS });
  });
  beforeEach(() => backend.behave(json(200, [{ id: 1 }], { "x-request-id": "r1", "content-range": "0-0/1" })));
  after(async () => {
    guard.close();
    await backend.close();
  });

  /** Sends the same request both ways; what the server received must be the same. */
  async function both(make: (url: string) => [RequestInfo | URL, RequestInit?]): Promise<[Response, Response]> {
    const address = `${backend.url}/rest/v1/things?select=id`;
    const bare = await fetch(...make(address));
    const guarded = await guard.fetch(...make(address));
    const [first, second] = backend.received.slice(-2);
    assert.ok(first && second);
    assert.equal(second.method, first.method);
    assert.equal(second.url, first.url);
    assert.deepEqual(comparable(second), comparable(first));
    return [bare, guarded];
  }

  function comparable(received: Backend["received"][number]): unknown {
    const boundary = /boundary=(\S+)/.exec(received.headers["content-type"] ?? "")?.[1];
    const same = (text: string): string => (boundary ? text.replaceAll(boundary, "BOUNDARY") : text);
    return { headers: same(JSON.stringify(received.headers)), body: same(received.body.toString("latin1")) };
  }

  test("a text body, headers and method", async () => {
    const init = { method: "PATCH", headers: { "X-Own": "1", prefer: "return=minimal" }, body: '{"a":1}' };
    await both((url) => [url, init]);
  });

  test("headers as Headers and as pairs", async () => {
    await both((url) => [url, { headers: new Headers({ accept: "text/csv" }) }]);
    await both((url) => [url, { headers: [["accept", "text/csv"]] }]);
  });

  test("a URL object", async () => {
    await both((url) => [new URL(url)]);
  });

  test("a Request object with a body, which is used up", async () => {
    const requests: Request[] = [];
    await both((url) => {
      const request = new Request(url, { method: "POST", body: '{"b":2}', headers: { "x-own": "2" } });
      requests.push(request);
      return [request];
    });
    assert.deepEqual(requests.map(({ bodyUsed }) => bodyUsed), [true, true]);
  });

  test("a Request object changed by an init", async () => {
    await both((url) => [new Request(url, { headers: { "x-own": "1" } }), { headers: { "x-own": "3" } }]);
  });

  test("FormData", async () => {
    await both((url) => {
      const form = new FormData();
      form.set("name", "harbour");
      form.set("file", new Blob(["bytes"], { type: "text/plain" }), "a.txt");
      return [url, { method: "POST", body: form }];
    });
  });

  test("a Blob, bytes and search parameters", async () => {
    await both((url) => [url, { method: "POST", body: new Blob(["blob"], { type: "text/x" }) }]);
    await both((url) => [url, { method: "POST", body: new Uint8Array([1, 2, 255]) }]);
    await both((url) => [url, { method: "POST", body: new URLSearchParams({ a: "1" }) }]);
  });

  test("a streaming upload", async () => {
    await both((url) => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("one"));
          controller.enqueue(new TextEncoder().encode("two"));
          controller.close();
        },
      });
      return [url, { method: "POST", body, duplex: "half" } as RequestInit];
    });
  });

  test("the answer's status, headers, address and body", async () => {
    for (const behaviour of [
      json(201, { id: 1 }, { location: "/things?id=eq.1" }),
      json(404, { code: "PGRST205", message: "no such table" }),
      json(409, { code: "23505" }),
      text(418, "teapot"),
    ]) {
      backend.behave(behaviour);
      const [bare, guarded] = await both((url) => [url]);
      assert.equal(guarded.status, bare.status);
      assert.equal(guarded.statusText, bare.statusText);
      assert.equal(guarded.ok, bare.ok);
      assert.equal(guarded.url, bare.url);
      assert.equal(guarded.type, bare.type);
      assert.equal(guarded.redirected, bare.redirected);
      assert.ok(guarded instanceof Response);
      const headers = (response: Response): unknown => [...response.headers].filter(([name]) => name !== "date");
      assert.deepEqual(headers(guarded), headers(bare));
      const copy = guarded.clone();
      assert.equal(copy.url, bare.url);
      const body = await bare.text();
      assert.equal(await copy.text(), body);
      assert.equal(await guarded.text(), body);
      assert.equal(guarded.bodyUsed, true);
    }
  });

  test("an answer without a body", async () => {
    backend.behave((_received, response) => void response.writeHead(204).end());
    const [bare, guarded] = await both((url) => [url, { method: "DELETE" }]);
    assert.equal(guarded.status, 204);
    assert.equal(guarded.body, bare.body);
    const [, head] = await both((url) => [url, { method: "HEAD" }]);
    assert.equal(await head.text(), "");
  });

  test("a redirect is followed and told", async () => {
    backend.behave((received, response) => {
      if (received.url.includes("moved")) json(200, "there")(received, response);
      else response.writeHead(307, { location: "/rest/v1/moved" }).end();
    });
    const response = await guard.fetch(`${backend.url}/rest/v1/things`);
    assert.equal(response.redirected, true);
    assert.ok(response.url.endsWith("/rest/v1/moved"));
    assert.equal(await response.json(), "there");
  });

  test("a body arrives as it is sent, not all at once", async () => {
    let goOn = (): void => {};
    backend.behave((_received, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("first");
      goOn = () => void response.end("second");
    });
    const response = await guard.fetch(`${backend.url}/functions/v1/stream`, { method: "POST" });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    assert.equal(new TextDecoder().decode(first?.value), "first");
    goOn();
    const second = await reader?.read();
    assert.equal(new TextDecoder().decode(second?.value), "second");
    assert.equal((await reader?.read())?.done, true);
  });

  test("a caller's abort rejects with the caller's reason, before and during", async () => {
    const reason = new Error("changed my mind");
    await assert.rejects(guard.fetch(backend.url, { signal: AbortSignal.abort(reason) }), reason);
    backend.behave(() => {});
    const controller = new AbortController();
    const pending = guard.fetch(backend.url, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(pending, { name: "AbortError" });
  });

  test("a caller's abort during the body ends the body", async () => {
    backend.behave((_received, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write("[");
    });
    const controller = new AbortController();
    const response = await guard.fetch(backend.url, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(response.text(), { name: "AbortError" });
  });

  test("a request that cannot be is refused as fetch refuses it, and blames nobody", async () => {
    const before = guard.snapshot().breakers.find(({ key }) => key === "rest")?.failures;
    await assert.rejects(guard.fetch("http://[bad"), TypeError);
    await assert.rejects(guard.fetch(backend.url, { method: "GET", body: "x" }), TypeError);
    await assert.rejects(guard.fetch(backend.url, { headers: { "bad name": "x" } }), TypeError);
    assert.equal(guard.snapshot().breakers.find(({ key }) => key === "rest")?.failures, before);
  });

  test("who looks one error deep finds why the network failed, as postgrest-js alone does", async () => {
    const address = `${await deadAddress()}/rooms?select=id`;
    const bare = await fetch(address).catch((error: Error) => error);
    const guarded = await guard.fetch(address).catch((error: NetworkError) => error);
    assert.ok(bare instanceof Error && guarded instanceof NetworkError);
    assert.equal(guarded.message, bare.message);
    assert.deepEqual(causeOf(guarded), causeOf(bare));
    assert.deepEqual(causeOf(bare), { name: "Error", code: "ECONNREFUSED" });
    assert.equal(guarded.thrown instanceof TypeError, true);
    assert.deepEqual(causeOf(guarded.thrown as Error), causeOf(bare));
  });

  test("guard.fetch needs no this", async () => {
    const { fetch: alone } = guard;
    assert.equal((await alone(backend.url)).status, 200);
  });
});
