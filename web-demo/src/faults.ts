/**
 * The server's own fault switch. These calls go around the guard: one must be
 * able to heal a server that the guard no longer talks to.
 */

import { SLOW_LATENCY_MS } from "./options.ts";

export const faultModes = ["none", "fail", "slow", "vanish"] as const;
export type FaultMode = (typeof faultModes)[number];

export async function currentFault(): Promise<FaultMode> {
  const response = await fetch("/dev/faults");
  return mode(await response.json());
}

export async function switchFault(wanted: FaultMode): Promise<FaultMode> {
  const response = await fetch("/dev/faults", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ mode: wanted, latencyMs: SLOW_LATENCY_MS }),
  });
  if (!response.ok) throw new Error(`the server refused the switch with ${response.status}`);
  return wanted;
}

function mode(answer: unknown): FaultMode {
  const found = (answer as { mode?: unknown }).mode;
  return faultModes.find((known) => known === found) ?? "none";
}
