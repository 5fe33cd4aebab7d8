/**
 * Whether a collision is with the write itself.
 *
 * A browser repeats a request by itself when a kept connection breaks before any answer, whatever its method. Then
 * the first one was done, and the second is told that its key is taken. So a collision of a row with a client-made key
 * is looked at: if what is there is what was sent, nothing collided.
 */

import type { StoredRequest } from "./outbox.js";
import { rowsIn, split } from "./write.js";

/** Longer lists of keys make addresses that are too long; such a collision is left to whoever decides. */
const MOST_ROWS = 50;

/** Reads this address as the user whose write it is. */
export type Read = (url: string) => Promise<Response>;

export async function isThere({ url, key, body }: StoredRequest, read: Read): Promise<boolean> {
  const sent = typeof body === "string" ? rowsIn(body) : undefined;
  if (key === "" || sent === undefined || sent.length > MOST_ROWS) return false;
  const keys = sent.map((row) => JSON.stringify(String(row[key])));
  const query = new URLSearchParams({ select: "*", [key]: `in.(${keys.join(",")})` });
  try {
    const response = await read(`${split(url)[0]}?${query}`);
    const found: unknown = response.ok ? await response.json() : [];
    return Array.isArray(found) && sent.every((row) => found.some((there) => isSame(row, there, key)));
  } catch {
    return false;
  }
}

/** What the server added is no difference. */
function isSame(sent: Record<string, unknown>, there: unknown, key: string): boolean {
  if (typeof there !== "object" || there === null) return false;
  const row = there as Record<string, unknown>;
  if (String(row[key]) !== String(sent[key])) return false;
  return Object.entries(sent).every(([name, value]) => JSON.stringify(row[name]) === JSON.stringify(value));
}
