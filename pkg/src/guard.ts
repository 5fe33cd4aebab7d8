/** `createGuard`: puts the parts together, synchronously, and is the only thing that holds them. */

import { type BreakerAccess, type Breakers, createBreakers, Hand, untouched } from "./breakers.js";
import { type CacheAccess, createCache } from "./cache.js";
import { Call, type CallParts } from "./call.js";
import type { GuardedInit } from "./call-options.js";
import { type Abortable, type CallerParts, sendAsCaller } from "./caller.js";
import { createClock } from "./clock.js";
import { CallFlag, type Core, createCore, inertCore, Leave } from "./core.js";
import { type Environment, systemEnvironment } from "./environment.js";
import { GuardClosedError, GuardError, GuardUnavailableError, OptionError } from "./errors.js";
import { createEmitter, type GuardEventType, type Listener } from "./events.js";
import { createExplain, type Explain } from "./explain.js";
import { createIdentities, type IdentityRegistry, type Source } from "./identity.js";
import { createMetrics, type Metrics } from "./metrics.js";
import type { InsertingClient } from "./metrics/deliver.js";
import { type GuardOptions, readOptions } from "./options.js";
import { loadRest, type Rest, rest, type State } from "./rest.js";
import { createOffline, type OfflineQueue } from "./offline.js";
import { createPersistence, type Kept, type Persistence, storageKey } from "./persistence.js";
import type { PolicySource, PolicyState } from "./policy.js";
import { type Given, readSettings } from "./settings.read.js";
import { replyFor } from "./reply.js";
import { createQueries } from "./queries.js";
import type { Queries, UnknownDatabase } from "./queries.types.js";
import { readRequest } from "./request.js";
import type { Run, Runs } from "./run.js";
import { createRouter } from "./route.js";
import { createSettings } from "./settings.js";
import { createCounter, limitsUnused } from "./reading.js";
import type { GuardSnapshot, StoredBreaker } from "./snapshot.js";
import { compose, type Passage } from "./stage.js";
import { createStages } from "./stages.js";
import { ALONE, joinTabs } from "./tabs.js";
import { type Alarm, createTimers } from "./timer.js";
import { createUsers } from "./user.js";
import { SERVICES } from "./vocabulary.js";

/**
 * A `fetch` with a guard in front of it: same arguments, same answers, same aborts.
 *
 * @example
 * ```ts
 * import type { GuardedFetch } from "seawall";
 *
 * const withTrace: GuardedFetch = (input, init) => fetch(input, { ...init, headers: { "x-trace": "1" } });
 * const guarded = guard.wrap(withTrace);
 * ```
 */
export type GuardedFetch = (input: RequestInfo | URL, init?: GuardedInit) => Promise<Response>;

/**
 * One guard: its breakers, limits and counts are shared by everything that passes through it.
 *
 * @example
 * ```ts
 * import { createGuard, type Guard } from "seawall";
 *
 * const guard: Guard = createGuard();
 * guard.on("transition", ({ breaker, to }) => show(breaker, to));
 * show(guard.snapshot().calls, guard.breakers.get("rest")?.state);
 * guard.close();
 * ```
 */
export interface Guard extends Queries<UnknownDatabase> {
  /** Sends by the page's fetch, guarded. Needs no `this`. */
  readonly fetch: GuardedFetch;
  /** Guards another fetch with the same breakers and limits. */
  wrap(fetch: GuardedFetch): GuardedFetch;
  /** Guards any asynchronous function as {@link Guard.fetch} guards requests; what it gives is judged by its `error`, too. */
  readonly run: Run;
  readonly breakers: Breakers;
  /**
   * Says who calls where requests do not say it themselves: with cookies, or behind a fetch that adds a token of its
   * own. Until then nothing of theirs is cached or shared. `null` when they have left: what was kept of them goes.
   */
  identify(subject: string | null): void;
  /** The writes that wait for the network, if `offline` is among the options. */
  readonly offline: OfflineQueue;
  /** Calls back for every event of this type, until the function it returns is called. */
  on<Type extends GuardEventType>(type: Type, listener: Listener<Type>): () => void;
  /** Everything the guard knows of itself, as plain data. */
  snapshot(): GuardSnapshot;
  /** What happened, counted: volume, outcomes, latencies. Loads its part of the package when first used. */
  readonly metrics: Metrics;
  /**
   * What went wrong, told apart and put into a sentence for the person in front of the page: an error or a result of
   * supabase-js, a response, whatever was thrown. Loads its part of the package when first used.
   */
  readonly explain: Explain;
  /** Answers that are kept, with the option `cache`. Loads its part of the package when first used. */
  readonly cache: CacheAccess;
  /** What is kept in localStorage about the breakers, decoded. Loads its part of the package when first used. */
  stored(): Promise<StoredBreaker[]>;
  /** Asks the server for its policy again; `failed` when there is no address to ask. */
  refreshPolicy(): Promise<PolicyState>;
  /** Ends every call under way, stores what is to be stored, and refuses all further calls. */
  close(): void;
}

/** What `protect` needs beyond the public face. */
interface Internals {
  /** Guards a part of a supabase-js client; `answering` when that part is postgrest-js. */
  guarded(source: Source, answering: boolean): GuardedFetch;
  /** The client that the guard now protects: its metrics may go into a table by it. */
  adopt(client: object): void;
  readonly identities: IdentityRegistry;
  now(): number;
}

const internalsOf = new WeakMap<Guard, Internals>();

export function internals(guard: Guard): Internals {
  const found = internalsOf.get(guard);
  if (!found) throw new OptionError("guard", "guard is not one that createGuard() made");
  return found;
}

export function isGuard(value: object): value is Guard {
  return internalsOf.has(value as Guard);
}

/** Marks a request that a guard has already let pass, so that a fetch inside does not guard it again. */
const PASSED = Symbol("seawall");

function passed(transport: GuardedFetch): GuardedFetch {
  return (input, init) => transport(input, { ...init, [PASSED]: true } as RequestInit);
}

function unavailableBecause(cause: unknown): never {
  throw new GuardUnavailableError(cause);
}

/** The core, or one that decides nothing and why the real one is missing. */
function openCore(environment: Environment): { core: Core; missing?: { cause: unknown } } {
  try {
    return { core: createCore(environment) };
  } catch (cause) {
    return { core: inertCore(), missing: { cause } };
  }
}

/**
 * Makes a guard. It is ready at once: nothing is loaded, and the first call may follow on the next line.
 *
 * An unknown or impossible option throws an {@link OptionError} that names it. `environment` replaces the
 * clock, timers, storage or fetch, for tests and for runtimes without them.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 *
 * const guard = createGuard({ timeout: 5_000, breaker: { failureThreshold: 3 } });
 * const response = await guard.fetch(`${url}/rest/v1/messages?select=id,text`);
 * ```
 */
export function createGuard(options: GuardOptions = {}, environment: Partial<Environment> = {}): Guard {
  const world = systemEnvironment(environment);
  const { settings: given, storage: wanted, unavailable, name, metrics: counting, policyAddress } = readOptions(options);
  const clock = createClock(world);
  const timers = createTimers(world, clock);
  const emitter = createEmitter(world.report);
  const { core, missing } = openCore(world);
  const storage = missing ? "memory" : wanted;
  const live = new Set<Abortable>();
  const counter = createCounter();
  let closed = false;
  let tick: Alarm | undefined;

  const settings = createSettings(core, given, clock.now());
  const route = createRouter(core);
  let state: State | undefined;
  /** The guard's state, if the part that knows it is here. */
  const stateHere = (): State | undefined => (core.whole && !missing ? (state ??= rest()?.openState({ core, clock, route, settings })) : undefined);
  /** Does something with it as soon as it can: at once, or when the part has been loaded. */
  function withState(use: (state: State) => void): Promise<void> | undefined {
    const now = stateHere();
    if (now) return void use(now);
    return loadRest().then(() => {
      const loaded = stateHere();
      if (loaded && !closed) use(loaded);
    }, world.report);
  }
  const keep = (what: Kept, text: (state: State) => string): Persistence =>
    createPersistence(storage, storageKey(name, what), {
      environment: world,
      timers,
      now: () => clock.now(),
      text: () => {
        const now = stateHere();
        return now ? text(now) : "";
      },
      onRefusal: (reason) => emitter.emit({ type: "storage", state: "memory", reason, at: clock.wall() }),
    });
  const persistence = keep("breakers", (now) => now.breakers());
  const usage = keep("limits", (now) => now.usage());
  /** What is taken up before anything is sent. */
  let restoring: Promise<unknown> | undefined;
  restore(persistence, (now, text) => now.takeBreakers(text));
  const tabs = joinTabs({
    core,
    clock,
    timers,
    get line() {
      return stateHere()?.line;
    },
    environment: storage === "auto" ? world : { ...world, channel: () => undefined },
    name,
    withState,
    whole,
    restore: () => restore(usage, (now, text) => now.takeUsage(text)),
    takeOver: () => {
      const text = usage.read();
      return text === undefined ? undefined : withState((now) => void now.takeUsage(text));
    },
    save: () => usage.changed("now"),
    settled: look,
  });

  /** Whether anybody beside this page hears of what it counts. */
  const isShared = tabs !== ALONE || persistence.place === "local";

  function restore(from: Persistence, take: (state: State, text: string) => string | undefined): void {
    const text = from.read();
    if (text === undefined) return;
    const taken = withState((now) => {
      const complaint = take(now, text);
      if (complaint === undefined) return;
      from.discard();
      world.later(() => emitter.emit({ type: "storage", state: "discarded", reason: complaint, at: clock.wall() }));
    });
    if (!taken) return;
    const all = (restoring = Promise.all([restoring, taken]).then(() => {
      look();
      if (restoring === all) restoring = undefined;
    }));
  }

  /** The core has counted something; with news it is told, stored, and looked at when it will change by itself. */
  function settled(news: boolean): void {
    state?.line.call();
    if (isShared) {
      usage.changed("later");
      tabs.changed();
    }
    if (news) look();
    else if (isShared) persistence.changed("later");
  }

  function look(): void {
    const here = stateHere();
    if (!here) return;
    timers.disarm(tick);
    const next = core.call.tick(core.guard, clock.now());
    if (tellTransitions(here)) persistence.changed("now");
    else persistence.changed("later");
    tick = Number.isFinite(next) && !closed ? timers.arm(next, look, false) : undefined;
  }

  function tellTransitions(here: State): boolean {
    const transitions = here.transitions();
    for (const { event, breaker } of transitions) {
      emitter.emit(event);
      if (breaker >= 0) tabs.tell(breaker);
    }
    return transitions.length > 0;
  }

  // After a sleep, what should have ended in it ends at once.
  const woken = (): void => {
    clock.look();
    timers.look();
  };
  const closing: (() => void)[] = [world.onWake(woken)];
  const onClose = (listener: () => void): void => void closing.push(listener);
  const users = createUsers();
  const identities = createIdentities(users, world, emitter);
  const callers: CallerParts = { settings, clock, timers, emitter, count: counter.call, live, identities };
  const parts: CallParts = { core, clock, timers, emitter, environment: world, live, get line() { return stateHere()?.line; }, count: counter.call, scopeOf: settings.scopeOf, rulesOf: settings.rulesOf, settled, whole };
  const stageParts = { options, settings, environment: world, clock, timers, emitter, identities, live, onClose };
  const cache = createCache(stageParts);
  const offline = createOffline({ ...stageParts, fetch: (input, init) => unanswered(input, init) });
  const stages = [...offline.stages, ...createStages(stageParts, cache.stage)];
  const send = compose(stages, (passage) => (closed || restoring || passage.route.byPreference ? made(passage) : new Call(parts, passage).run()));

  async function whole(): Promise<void> {
    await loadRest().then(look, () => {});
  }

  /** A call for which something must be known before it begins. */
  async function made(passage: Passage): Promise<Response> {
    const { request } = passage;
    if (!rest() && request.header("prefer") !== null) await loadRest().catch(world.report);
    await restoring;
    request.signal?.throwIfAborted();
    if (closed) throw new GuardClosedError();
    return new Call(parts, passage).run();
  }

  async function guardedCall(
    source: Source,
    answering: boolean | undefined,
    input: RequestInfo | URL,
    init: RequestInit | undefined,
  ): Promise<Response> {
    const { request, options: read } = readRequest(input, init);
    if (missing && unavailable === "passThrough") return request.send(source.transport)(request.signal ?? new AbortController().signal);
    request.signal?.throwIfAborted();
    const where = route(request.method, request.url);
    const isPostgrest = request.fromSupabase && (where.service === "rest" || where.service === "rpc");
    const answers = answering ?? isPostgrest;
    // Where protect() could not switch postgrest-js's own retries off, ours stay out of their way.
    const flags = isPostgrest && answering === undefined ? CallFlag.RepeatedOutside : 0;
    try {
      const found = read(world.report);
      const options = found instanceof Promise ? await found : found;
      if (missing) throw new GuardUnavailableError(missing.cause);
      return await sendAsCaller(callers, { request, route: where, source }, (caller) =>
        send({ request, route: where, options, flags, ...caller }),
      );
    } catch (error) {
      if (answers && error instanceof GuardError) return replyFor(error);
      throw error;
    }
  }

  const own: Source = { transport: (input, init) => world.fetch(input, init) };
  // One source for all of its calls: requests are joined only where the same transport sends them.
  const wrap = ({ transport, ...rest }: Source, answering?: boolean): GuardedFetch => {
    const source = { ...rest, transport: passed(transport) };
    return (input, init) => {
      return init && PASSED in init ? transport(input, init) : guardedCall(source, answering, input, init);
    };
  };

  /** What fails is thrown, whoever the request looks to be from. */
  const unanswered = wrap(own, false);

  /** What hands did to breakers before the core was whole. */
  const hands: Hand[] = [];
  const access: BreakerAccess = {
    count: () => core.breakers.length,
    key: (index) => core.breakers[index] ?? "",
    read(index) {
      // Time has passed since anybody looked: what it changed is told before it is shown.
      look();
      const key = core.breakers[index] ?? "";
      const service = SERVICES[index] ?? route("GET", key).service;
      return stateHere()?.breaker(index) ?? untouched(key, service, hands[index] ?? Hand.Reset, settings.number("breaker.mode", { service, endpoint: key }));
    },
    move(index, hand: Hand) {
      const now = clock.now();
      hands[index] = hand;
      // Whoever calls now hears of it.
      core.leave = Leave.Nothing;
      core.soon(() => core.call.hand(core.guard, index, hand, now));
      look();
    },
  };
  const breakers = createBreakers(access);

  let client: InsertingClient | undefined;
  const metrics = createMetrics(
    {
      environment: world,
      fetch: passed(own.transport),
      subject: users.subject,
      breakers: () => [...breakers].map(({ key, state }) => ({ key, state })),
      client: () => client,
    },
    emitter,
    counting,
  );

  function tellPolicy(policy: PolicyState, reason: string): void {
    if (!closed) emitter.emit({ type: "policy", state: policy, reason, at: clock.wall() });
  }
  function applyPolicy(document: readonly Given[]): void {
    if (!closed) settings.replace([...document, ...given], clock.now());
    look();
  }
  let source: PolicySource | undefined;
  async function refreshPolicy(): Promise<PolicyState> {
    if (policyAddress === undefined) return "failed";
    try {
      const { createPolicySource } = await loadRest();
      source ??= createPolicySource({ address: policyAddress, environment: world, read: readSettings, apply: applyPolicy, tell: tellPolicy });
    } catch (error) {
      tellPolicy("failed", String(error));
      return "failed";
    }
    return source.refresh();
  }
  if (policyAddress !== undefined) void refreshPolicy();

  let runs: Runs | undefined;
  const openRuns = ({ createRuns }: Rest): Runs => (runs ??= createRuns(parts, (path) => route("GET", path), () => closed));
  const runLater: Run = async (target, work, own) => {
    const found = openRuns(await loadRest().catch(unavailableBecause));
    look();
    await restoring;
    return found.run(target, work, own);
  };
  const run: Run = (target, work, own) => {
    if (restoring) return runLater(target, work, own);
    if (!runs && core.whole) openRuns(rest() as Rest);
    return runs ? runs.run(target, work, own) : runLater(target, work, own);
  };
  const unguarded: Run = async (_target, work, given) => {
    if (unavailable === "fail") throw new GuardUnavailableError(missing?.cause);
    return work(given?.signal ?? new AbortController().signal);
  };
  const queries = createQueries(options, wrap(own, true));

  const guard: Guard = {
    ...queries,
    fetch: wrap(own),
    wrap: (fetch) => wrap({ transport: fetch, foreign: true }),
    identify: (subject) => identities.identify(subject),
    run: missing ? unguarded : run,
    breakers,
    offline: offline.queue,
    metrics,
    cache: cache.access,
    on: (type, listener) => emitter.on(type, listener),
    snapshot: () => ({
      at: clock.wall(),
      breakers: [...breakers].map((breaker) => breaker.statistics),
      limits: stateHere()?.limits() ?? limitsUnused(settings),
      calls: { ...counter.counts, inflight: live.size + (runs?.size ?? 0), waiting: state?.line.length ?? 0 },
      storage: persistence.place,
      cache: cache.figures(),
    }),
    explain: createExplain({ core, emitter, environment: world }, options),
    stored: async () => (await loadRest(), stateHere()?.stored(world, storageKey(name, "breakers")) ?? []),
    refreshPolicy,
    close() {
      if (closed) return;
      closed = true;
      metrics.close();
      for (const call of [...live]) call.abort(new GuardClosedError());
      runs?.abort(new GuardClosedError());
      for (const end of closing) end();
      persistence.close();
      usage.close();
      tabs.close();
      identities.close();
      emitter.clear();
      timers.close();
    },
  };
  if (missing) {
    const reason = String(missing.cause);
    world.warn(`seawall cannot be loaded here (${reason}): calls ${unavailable === "fail" ? "fail" : "are not guarded"}; see its option "unavailable"`);
    world.later(() => emitter.emit({ type: "unavailable", calls: unavailable, reason, at: clock.wall() }));
  }
  internalsOf.set(guard, {
    guarded: wrap,
    adopt: (adopted) => {
      client = adopted as InsertingClient;
    },
    identities,
    now: () => clock.now(),
  });
  return guard;
}
