/** Answers reads from what is kept, and lets writes end it. Every decision is the core's. */

import { tokenOf } from "../credentials.js";
import type { CacheEvent } from "../events.js";
import type { Next, Passage, Stage } from "../stage.js";
import type { StageParts } from "../stages.js";
import { CACHE_MODES } from "../call-options.js";
import { CATEGORIES, type Category, CLASSES, SERVICES, type Service } from "../vocabulary.js";
import type { Disk } from "./disk.js";
import { type Entry, type Freshness, responseOf } from "./entry.js";
import type { Fill, Filled, Filling } from "./fill.js";
import type { Invalidation } from "./invalidation.js";
import type { Held, Memory } from "./memory.js";
import type { Question, Questions } from "./question.js";
import { Age, categoryOf, Kind, Part, Plan, type Rules } from "./rules.js";

export interface CacheStageParts extends StageParts {
  readonly rules: Rules;
  readonly memory: Memory;
  readonly disk: Disk;
  readonly questions: Questions;
  readonly invalidation: Invalidation;
  readonly fill: Fill;
}

/** What a read works with. */
interface Reading {
  readonly question: Question;
  readonly passage: Passage;
  readonly next: Next;
  readonly mode: number;
}

export function createCacheStage(parts: CacheStageParts): Stage {
  const { settings, environment, emitter, clock, timers, identities } = parts;
  const { rules, memory, disk, questions, invalidation, fill } = parts;
  const revalidating = new Set<string>();
  const troubled = new Set<Service>();
  emitter.on("call", ({ service, category }) => {
    if (category !== undefined && rules.rescues(Age.Fresh, 0, CATEGORIES.indexOf(category))) troubled.add(service);
    else troubled.delete(service);
  });

  return async (passage, next) => {
    const { request, route, user } = passage;
    const kind = (SERVICES.indexOf(route.service) << 3) | CLASSES.indexOf(route.class);
    const part = rules.part(kind, route.endpoint, request.method, isKept(passage));
    if (part === Part.Write) return write(passage, next);
    const mode = CACHE_MODES.indexOf(modeOf(passage));
    if (part !== Part.Read || !user.known || CACHE_MODES[mode] === "no-store" || isConditional(passage)) {
      return next(passage);
    }
    const token = request.header("authorization") ?? tokenOf(identities, user);
    const question = questions.of(passage, token);
    return question ? read({ question, passage, next, mode }) : next(passage);
  };

  function isKept({ route, options }: Passage): boolean {
    if (!settings.flag("cache.enabled", route)) return false;
    switch (route.service) {
      case "rest":
        return true;
      case "rpc":
        return options.cache !== undefined || settings.flag("cache.rpc", route);
      case "storage":
        return settings.flag("cache.storage", route);
      case "functions":
        return settings.flag("cache.functions", route);
      case "auth":
        return false;
    }
  }

  function ageOf({ stored, control }: Entry, { route }: Passage): Age {
    const ttl = settings.number("cache.ttl", route);
    const stale = settings.number("cache.staleTtl", route);
    return rules.age(stored, clock.wall(), control, ttl, stale, settings.number("cache.keepTtl", route));
  }

  /** What is kept: from memory while it is fresh, else the newer of memory's and the disk's. */
  async function lookUp({ question, passage, mode }: Reading): Promise<{ held: Held | undefined; count?: number | undefined }> {
    const held = memory.get(question.key);
    if (CACHE_MODES[mode] === "reload") return { held };
    if (held && ageOf(held.entry, passage) === Age.Fresh) {
      disk.touch(question.key);
      return { held };
    }
    const since = rules.count();
    const { entry, count } = await disk.read(question.key);
    if (!entry) return { held: memory.get(question.key), count };
    disk.touch(question.key);
    memory.put({ entry, slots: question.slots, since });
    return { held: memory.get(question.key), count };
  }

  async function read(reading: Reading): Promise<Response> {
    const { passage, mode } = reading;
    const { held, count } = await lookUp(reading);
    passage.request.signal?.throwIfAborted();
    const age = held ? ageOf(held.entry, passage) : Age.Gone;
    const plan: Plan = rules.plan(age, mode, environment.online(), troubled.has(passage.route.service));
    if (plan === Plan.Refuse) return notCached(reading);
    if (!held || plan === Plan.Fetch) return foreground(reading, held?.entry, count);
    if (plan === Plan.FetchBriefly) return briefly(reading, held.entry, count);
    if (plan === Plan.ServeStaleAndRevalidate) revalidate(reading, held.entry);
    return give(reading, held.entry, plan === Plan.ServeFresh ? "fresh" : "stale");
  }

  async function foreground(reading: Reading, held: Entry | undefined, count: number | undefined): Promise<Response> {
    return settle(reading, held, await fill(fillingOf(reading, held, count)));
  }

  function settle(reading: Reading, held: Entry | undefined, filled: Filled): Response {
    switch (filled.kind) {
      case "entry":
        return give(reading, filled.entry, filled.freshness, { changed: filled.changed });
      case "response":
        return filled.response;
      case "failed": {
        const age = held ? ageOf(held, reading.passage) : Age.Gone;
        const rescued = held && rules.rescues(age, reading.mode, CATEGORIES.indexOf(filled.category));
        return rescued ? give(reading, held, "stale", { reason: filled.category }) : filled.fail();
      }
    }
  }

  /** Waits a moment for a service in trouble, then gives what is kept; the answer is kept when it comes. */
  async function briefly(reading: Reading, held: Entry, count: number | undefined): Promise<Response> {
    const patience = settings.number("cache.patience", reading.passage.route);
    const answer = foreground(reading, held, count);
    let timer: ReturnType<typeof timers.arm> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = timers.arm(clock.now() + patience, () => resolve(undefined));
    });
    const first = await Promise.race([answer, late]);
    timers.disarm(timer);
    if (first) return first;
    answer.catch(() => {});
    return give(reading, held, "stale", { reason: "timeout" });
  }

  /** Asks the server behind the caller's back, once for all who read the same meanwhile. */
  function revalidate(reading: Reading, held: Entry): void {
    const { question, passage } = reading;
    if (revalidating.has(question.key)) return;
    revalidating.add(question.key);
    const request = passage.request.with({ signal: null });
    const loose = { ...passage, request, options: { ...passage.options, priority: "low" as const } };
    fill(fillingOf({ ...reading, passage: loose }, held, undefined))
      .then((filled) => {
        if (filled.kind !== "entry") return;
        tell(reading, filled.entry, "revalidated", { changed: filled.changed });
      })
      .catch(() => {})
      .finally(() => revalidating.delete(question.key));
  }

  async function write(passage: Passage, next: Next): Promise<Response> {
    let status = 0;
    let category: Category | undefined;
    try {
      const response = await next(passage);
      status = response.status;
      return response;
    } catch (error) {
      category = categoryOf(error) ?? "aborted";
      throw error;
    } finally {
      const number = category && CATEGORIES.indexOf(category);
      if (rules.mayHaveWritten(status, number)) {
        const tables = rules.tablesWritten(passage.route.endpoint);
        await Promise.all(tables.map((table) => invalidation.forget(Kind.Table, table)));
      }
    }
  }

  function give(reading: Reading, entry: Entry, freshness: Freshness, why: Why = {}): Response {
    tell(reading, entry, freshness, why);
    const response = responseOf(entry, freshness, clock.wall() - entry.stored);
    return response;
  }

  function tell({ passage, question }: Reading, entry: Entry, result: Freshness, { reason, changed = false }: Why): void {
    const { service, class: operation, endpoint, method } = passage.route;
    const at = clock.wall();
    const age = Math.max(0, at - entry.stored);
    const event: CacheEvent = {
      type: "cache", result, key: question.key, age, reason, changed, service, class: operation, endpoint, method, at,
    };
    emitter.emit(event);
  }
}

interface Why {
  readonly reason?: Category;
  readonly changed?: boolean;
}

function fillingOf({ question, passage, next }: Reading, held: Entry | undefined, count: number | undefined): Filling {
  return { question, passage, next, held, count };
}

/** What its caller asked for: by an option, or in fetch's or HTTP's own words. */
function modeOf({ request, options }: Passage): (typeof CACHE_MODES)[number] {
  if (options.cache) return options.cache;
  const { input, init } = request.given;
  const asked = init?.cache ?? (input as Partial<Request>).cache ?? "";
  const control = `${asked},${request.header("cache-control") ?? ""}`;
  if (/\bno-store\b/i.test(control)) return "no-store";
  return /\b(?:no-cache|reload)\b/i.test(control) ? "reload" : "default";
}

/** A caller with a cache of its own. */
function isConditional({ request }: Passage): boolean {
  return request.header("if-none-match") !== null || request.header("if-modified-since") !== null;
}

/** HTTP's answer to `only-if-cached` where nothing is. */
function notCached({ passage }: Reading): Response {
  const body = { code: "not_cached", message: `nothing is cached for ${passage.route.endpoint}`, details: null, hint: null };
  return new Response(JSON.stringify(body), { status: 504, headers: { "content-type": "application/json" } });
}
