/**
 * Any error of this page in the reader's words.
 *
 * What kind of failure it is, how it is put and how long to wait is the package's; when that ends is the page's clock.
 */

import type { Category, Guard } from "seawall";

export interface Problem {
  message: string;
  category: Category;
  /** When trying again makes sense, in wall-clock milliseconds. */
  retryAt: number | null;
}

export async function problemOf(guard: Guard, error: unknown): Promise<Problem> {
  const { message, category, retryAfter } = await guard.explain(error);
  const isKnown = retryAfter !== undefined && Number.isFinite(retryAfter);
  return { message, category, retryAt: isKnown ? Date.now() + retryAfter : null };
}
