import { createGuard } from "seawall/guard";
const OPTIONS = { storage: "memory", limits: { reads: { limit: 10_000, window: 1 } } };
const guard = createGuard(OPTIONS);
const work = async () => {};
for (let i=0;i<300000;i++) await guard.run("rest", work);
const t=performance.now(); for (let i=0;i<300000;i++) await guard.run("rest", work); console.log((performance.now()-t)/300000*1e6|0,"ns");
guard.close();
