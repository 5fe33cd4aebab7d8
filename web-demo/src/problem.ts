/**
 * Any error of this page in the reader's words.
 *
 * The guard says what kind of failure it is and how long to wait, in an error it
 * throws as in the `error` supabase-js gives; how that is put is the page's choice.
 */

import type { Category } from "seawall";

export interface Problem {
  message: string;
  /** The guard's category, or the code of an error it did not judge. */
  category: string;
  /** When trying again makes sense, in wall-clock milliseconds. */
  retryAt: number | null;
}

const words: Partial<Record<Category, string>> = {
  network: "The server cannot be reached. What you see may be out of date.",
  offline: "You are offline. What you see may be out of date.",
  timeout: "The server took too long to answer.",
  rate_limited: "That was a lot at once. Wait a moment, then go on.",
  circuit_open: "The server is unwell, so we let it rest for a moment. Nothing was sent.",
  permission: "You are not allowed to do that here.",
  database_transient: "The database was busy. Please try again.",
  server: "The server is having trouble. Please try again in a moment.",
};

interface Facts {
  message?: unknown;
  category?: unknown;
  code?: unknown;
  retryAfter?: unknown;
  status?: unknown;
}

export function problemOf(error: unknown): Problem {
  const facts: Facts = typeof error === "object" && error !== null ? error : { message: String(error) };
  const category = text(facts.category) || byStatus(facts.status);
  const wait = facts.retryAfter;
  return {
    message: (category && words[category as Category]) || text(facts.message) || "Something went wrong.",
    category: category || text(facts.code),
    retryAt: typeof wait === "number" && Number.isFinite(wait) ? Date.now() + wait : null,
  };
}

/** An answer the server gave itself reaches the page as it is: its words are for developers. */
function byStatus(status: unknown): string {
  return typeof status === "number" && status >= 500 ? "server" : "";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
