// A dashboard of a real guard, with a cache and an offline queue.

import "/seawall/dashboard.js";
import { createGuard } from "/seawall/guard.js";
import { listenTo, marked } from "/words.js";

const limits = { reads: { limit: 10_000 } };
// The page's cookies might tell who it is, which nobody can see here: without a name nothing would be kept.
const made = (storage) => {
  const guard = createGuard({ metrics: true, cache: true, storage, limits, offline: { tables: { rooms: { key: "id" } } } });
  guard.identify("1");
  return guard;
};
const dashboard = document.querySelector("seawall-dashboard");
let guard = made("auto");
dashboard.guard = guard;
dashboard.texts = marked;
listenTo(dashboard);

/** Reads many at once, of which most wait for a place, and the same again. */
globalThis.call = async () => {
  const read = async (id) => (await guard.fetch(`${location.origin}/rest/v1/rooms?id=eq.${id}`)).text();
  const ids = Array.from({ length: 40 }, (_, id) => id);
  for (let time = 0; time < 2; time += 1) await Promise.all(ids.map(read));
};
globalThis.keepInMemory = () => {
  guard = made("memory");
  dashboard.guard = guard;
};
