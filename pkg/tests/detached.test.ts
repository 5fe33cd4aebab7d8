/** A request that nobody waits for any more, sent on its own. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { createGuard } from "seawall";

import { type Backend, json, startBackend } from "./backend.js";

let backend: Backend;
before(async () => {
  backend = await startBackend(json(200, []));
});
after(() => backend.close());

test("a null signal cuts a call loose from the signal inside its Request", async () => {
  const guard = createGuard({ storage: "memory" });
  const request = new Request(`${backend.url}/rest/v1/t`, { signal: AbortSignal.abort() });
  const response = await guard.fetch(request, { signal: null });
  assert.equal(response.status, 200);
  await assert.rejects(guard.fetch(request), { name: "AbortError" });
  guard.close();
});
