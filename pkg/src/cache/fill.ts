/** Asks the server for an answer and keeps it, unless something ended it meanwhile. */

import { failureCode } from "../failure.js";
import type { Next, Passage } from "../stage.js";
import { CATEGORIES, type Category } from "../vocabulary.js";
import { readWithin } from "./body.js";
import type { Disk } from "./disk.js";
import { type Entry, entryOf, type Freshness, renewed } from "./entry.js";
import type { Memory } from "./memory.js";
import type { Question } from "./question.js";
import { categoryOf, Kind, Reply, type Rules } from "./rules.js";

/** What came of it. */
export type Filled =
  | { readonly kind: "entry"; readonly entry: Entry; readonly freshness: Freshness; readonly changed: boolean }
  /** An answer that is not kept: it goes to its caller as it is. */
  | { readonly kind: "response"; readonly response: Response }
  /** No answer for now: what failed, and what the caller gets when nothing is kept. */
  | { readonly kind: "failed"; readonly category: Category; readonly fail: () => Response };

export interface FillParts {
  readonly rules: Rules;
  readonly memory: Memory;
  readonly disk: Disk;
  readonly wall: () => number;
  /** The largest answer that is kept. */
  readonly largest: () => number;
}

export interface Filling {
  readonly question: Question;
  readonly passage: Passage;
  readonly next: Next;
  /** What is kept, if anything. */
  readonly held: Entry | undefined;
  /** The count of invalidations on disk, where it is known already. */
  readonly count: number | undefined;
}

export type Fill = (filling: Filling) => Promise<Filled>;

export function createFill({ rules, memory, disk, wall, largest }: FillParts): Fill {
  /** Questions under way, with the count at which they were asked. */
  const asking = new Map<string, number>();
  /** Services that let nobody send `If-None-Match` from another origin. */
  const unconditional = new Set<string>();

  async function ask({ question, passage, next, held }: Filling, since: number): Promise<[Response, boolean]> {
    const { key, slots } = question;
    const earlier = asking.get(key);
    asking.set(key, since);
    // What was asked for before an invalidation is old: whoever asks after it must not share that answer.
    const outdated = earlier !== undefined && !rules.allows(earlier, slots);
    const own = outdated ? { ...passage, options: { ...passage.options, coalesce: false } } : passage;
    const etag = unconditional.has(passage.route.service) ? null : held?.etag;
    try {
      if (etag == null) return [await next(own), false];
      const headers = own.request.headers();
      headers.set("if-none-match", etag);
      try {
        return [await next({ ...own, request: own.request.with({ headers }) }), true];
      } catch (error) {
        if (categoryOf(error) !== "network") throw error;
        // A header that CORS does not allow looks like a broken network.
        const response = await next(own);
        unconditional.add(passage.route.service);
        return [response, false];
      }
    } finally {
      if (asking.get(key) === since) asking.delete(key);
    }
  }

  function keep(question: Question, entry: Entry, since: number, count: number | undefined): void {
    memory.put({ entry, slots: question.slots, since });
    if (count !== undefined) void disk.write(entry, question.slots, count);
  }

  async function judged(filling: Filling, since: number, count: number | undefined): Promise<Filled> {
    const { question, held } = filling;
    const [response, conditional] = await ask(filling, since);
    const code = response.status >= 400 ? await failureCode(response) : undefined;
    const { headers } = response;
    const control = headers.get("cache-control") ?? "";
    const reply = rules.judge(response.status, code ?? "", control, headers.get("vary") ?? "", conditional);
    if (reply >= Reply.Failed) {
      const category = CATEGORIES[reply - Reply.Failed] ?? "server";
      return { kind: "failed", category, fail: () => response };
    }
    if (reply === Reply.Renew && held) {
      const entry = renewed(held, response, wall());
      keep(question, entry, since, count);
      return { kind: "entry", entry, freshness: "revalidated", changed: false };
    }
    if (reply === Reply.Keep) {
      const body = await readWithin(response, largest());
      if (body instanceof Response) return { kind: "response", response: body };
      const entry = entryOf(question, response, body, wall());
      if (entry.size <= largest()) keep(question, entry, since, count);
      const changed = held === undefined || !sameBytes(held.body, body);
      return { kind: "entry", entry, freshness: "miss", changed };
    }
    if (reply === Reply.Discard && held) {
      memory.forget(Kind.Key, question.key);
      await disk.forget(Kind.Key, question.key);
    }
    return { kind: "response", response };
  }

  return async (filling) => {
    const since = rules.count();
    const count = filling.count ?? (await disk.read("")).count;
    try {
      return await judged(filling, since, count);
    } catch (error) {
      const category = categoryOf(error);
      if (category === undefined) throw error;
      return {
        kind: "failed",
        category,
        fail: () => {
          throw error;
        },
      };
    }
  };
}

function sameBytes(one: ArrayBuffer, other: ArrayBuffer): boolean {
  if (one.byteLength !== other.byteLength) return false;
  const left = new Uint8Array(one);
  const right = new Uint8Array(other);
  return left.every((byte, index) => byte === right[index]);
}
