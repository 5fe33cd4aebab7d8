/** Time that moves because the test says so, by the package's own clock for tests. */

import type { Environment } from "seawall";
import { createChaos, type TestClock } from "seawall/testing";

export { settled } from "seawall/testing";

type Parts = "monotonicNow" | "wallNow" | "startTimer" | "stopTimer" | "holdProcess" | "random" | "storage";

export interface World extends Pick<Environment, Parts>, Pick<TestClock, "advance" | "setWall"> {
  readonly kept: Map<string, string>;
}

export function createWorld(kept = new Map<string, string>()): World {
  const { environment, advance, setWall } = createChaos({ stored: kept });
  const { fetch: _, online: __, onOnline: ___, onWake: ____, ...parts } = environment;
  return { ...(parts as Pick<Environment, Parts>), kept, advance, setWall, random: () => 0.5 };
}
