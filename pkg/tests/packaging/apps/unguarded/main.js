import { createGuard } from "seawall/guard";

import { report } from "../scenario.js";

const backend = new URL(location).searchParams.get("backend");

report(backend, async () => {
  const guard = createGuard({ breaker: { failureThreshold: 2 }, retry: { attempts: 1 } });
  const { calls } = await new Promise((resolve) => guard.on("unavailable", resolve));
  const statuses = [];
  for (let turn = 0; turn < 3; turn += 1) statuses.push((await guard.fetch(`${backend}/rest/v1/broken`)).status);
  return { calls, statuses };
});
