/** `seawall/testing`: faults, latency, outages and clocks in a test's hands. */

export { createChaos } from "../testing.js";
export type { Chaos, ChaosOptions, Failure, Lift, SeenRequest, Strike } from "../testing.js";
export { createTestClock, settled } from "../testing.clock.js";
export type { ClockEnvironment, TestClock } from "../testing.clock.js";
