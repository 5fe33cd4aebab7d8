/** Ten reads at once, and in one sentence what became of them. */

import type { Client } from "../connection.ts";
import { problemOf } from "../problem.ts";
import { milliseconds } from "./words.ts";

const READS = 10;

interface Outcome {
  word: string;
  tookMs: number;
}

export async function burstOfReads(client: Client): Promise<string> {
  const outcomes = await Promise.all(Array.from({ length: READS }, () => oneRead(client)));
  const words = new Map<string, Outcome[]>();
  for (const outcome of outcomes) words.set(outcome.word, [...(words.get(outcome.word) ?? []), outcome]);
  return [...words].map(([word, group]) => `${group.length} ${word} in ${milliseconds(slowest(group))} ms`).join(", ") + ".";
}

async function oneRead(client: Client): Promise<Outcome> {
  const start = performance.now();
  const { error, status } = await client.from("rooms").select("id").limit(1);
  return { word: error ? wordFor(problemOf({ ...error, status }).category) : "answered", tookMs: performance.now() - start };
}

function wordFor(category: string): string {
  if (category === "circuit_open") return "refused by the open circuit";
  if (category === "rate_limited") return "held back by the limiter";
  return `failed (${category})`;
}

function slowest(group: Outcome[]): number {
  return Math.max(...group.map((outcome) => outcome.tookMs));
}
