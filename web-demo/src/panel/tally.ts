/** Counts calls as the guard reports them, and shows each on the line. */

import type { Guard } from "seawall";

import type { Passage } from "./line.ts";

export interface Totals {
  requests: number;
  failures: number;
  refused: number;
}

/** Running totals, from now on. */
export function followCalls(guard: Guard, pulse: (passage: Passage) => void): Totals {
  const totals: Totals = { requests: 0, failures: 0, refused: 0 };

  guard.on("refusal", () => {
    totals.refused += 1;
    pulse("refused");
  });
  // A retry says that the attempt before it was sent and failed.
  guard.on("retry", () => {
    totals.requests += 1;
    totals.failures += 1;
    pulse("failed");
  });
  guard.on("call", ({ ok, category, attempts }) => {
    if (attempts === 0) return; // refused: already counted
    totals.requests += 1;
    if (!ok && unwell(category)) totals.failures += 1;
    pulse(!ok && unwell(category) ? "failed" : "answered");
  });
  return totals;
}

/** A refusal by row-level security or a wrong password is an answer, not a failure of the server. */
const answers = new Set(["auth", "permission", "not_found", "conflict", "validation", "aborted"]);

function unwell(category: string | undefined): boolean {
  return category !== undefined && !answers.has(category);
}
