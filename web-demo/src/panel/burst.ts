/** Ten reads at once, and in one sentence what became of them. */

import type { Connection } from "../connection.ts";
import { problemOf } from "../problem.ts";
import { milliseconds } from "./words.ts";

const READS = 10;

interface Outcome {
  word: string;
  tookMs: number;
}

export async function burstOfReads(connection: Connection): Promise<string> {
  const outcomes = await Promise.all(Array.from({ length: READS }, (_, index) => oneRead(connection, index + 1)));
  const words = new Map<string, Outcome[]>();
  for (const outcome of outcomes) words.set(outcome.word, [...(words.get(outcome.word) ?? []), outcome]);
  return [...words].map(([word, group]) => `${group.length} ${word} in ${milliseconds(slowest(group))} ms`).join(", ") + ".";
}

/** Each read asks for another number of rows: the same read ten times would be one request. */
async function oneRead({ client, guard }: Connection, rows: number): Promise<Outcome> {
  const start = performance.now();
  const result = await client.from("rooms").select("id").limit(rows);
  const tookMs = performance.now() - start;
  return { word: result.error ? wordFor((await problemOf(guard, result)).category) : "answered", tookMs };
}

function wordFor(category: string): string {
  if (category === "circuit_open") return "refused by the open circuit";
  if (category === "rate_limited") return "held back by the limiter";
  return `failed (${category})`;
}

function slowest(group: Outcome[]): number {
  return Math.max(...group.map((outcome) => outcome.tookMs));
}
