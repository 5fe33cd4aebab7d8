/**
 * The tabs of one origin, as far as each needs to know of the others: who keeps the limits for all of them.
 *
 * The keeper is whoever holds a Web Lock; a tab that closes or crashes gives it up. Nobody waits for the lock on a
 * request's way: until a tab has it, or finds that another was there before, it sends its small allowance. Alone, the
 * lock comes at once, and from then on other tabs cost nothing. What they say to each other (`tabs.talk.ts`) is
 * loaded when there is another.
 */

import type { Clock } from "./clock.js";
import { type Core, Leave } from "./core.js";
import type { Channel, Environment } from "./environment.js";
import type { Line } from "./line.js";
import { storageKey } from "./persistence.js";
import type { Talk } from "./tabs.talk.js";
import type { Timers } from "./timer.js";
import type { State } from "./rest.js";

/** A lock that is free comes sooner. */
const LOCK_PATIENCE = 50;
/** Tabs that opened before this one was known to them are in the browser's books by then. */
const SETTLING = 100;

export interface Tabs {
  /** A call waits, was refused or ended: another tab may have what it needs. */
  changed(): void;
  /** Says what has become of a breaker here. */
  tell(breaker: number): void;
  close(): void;
}

export interface TabParts {
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly line: Line;
  readonly environment: Environment;
  readonly name: string | undefined;
  /** Does something with the guard's state, at once or when it can. */
  withState(use: (state: State) => void): Promise<void> | undefined;
  /** Takes up what an earlier page left. */
  restore(): void;
  /** Takes up what the last keeper stored, at once or when it can. */
  takeOver(): Promise<void> | undefined;
  /** The usage is to be stored now. */
  save(): void;
  /** The core may have changed its state. */
  settled(): void;
}

/** A breaker's name and what it has found, as the core's numbers. */
export interface Told {
  readonly breaker: string;
  readonly found: Float64Array;
}

/** This tab's part, shared with what is loaded later. */
export interface Membership extends TabParts {
  readonly channel: Channel;
  readonly id: number;
  keeping(): boolean;
  /** The numbers of the other tabs there are now; undefined where nobody can tell. */
  others(): Promise<number[] | undefined>;
  /** Whether this keeper knows what others have sent. */
  isSettled(): boolean;
  /** All others have told what they owe, but for so many who say nothing. */
  settle(silent: number): void;
  /** Keeps the limits from now on; in the place of another keeper, as that one stored them. */
  keep(inItsPlace: boolean): void;
  /** Leaves them to another. */
  follow(): void;
}

const ALONE: Tabs = { changed: () => {}, tell: () => {}, close: () => {} };

export function joinTabs(parts: TabParts): Tabs {
  const { core, clock, timers, line, environment, withState } = parts;
  // The lock, the channel, and the key in localStorage that says that there is a keeper.
  const TABS = storageKey(parts.name, "tabs");
  // Each tab holds a lock of its own, by which the keeper knows who is there.
  const THERE = `${TABS}:`;
  const open = environment.channel(TABS);
  if (!open) {
    parts.restore();
    return ALONE;
  }
  const channel: Channel = open;
  const id = environment.random();
  let keeping = false;
  let settled = false;
  let closed = false;
  let heard = false;
  let leaveAll: (() => void) | undefined;
  let release: (() => void) | undefined;
  let talk: Talk | undefined;
  let loading: Promise<void> | undefined;

  /** What it does when it cannot talk: guard by itself. */
  function load(): Promise<void> {
    heard = true;
    loading ??= import("./entries/tabs.js").then(
      ({ createTalk }) =>
        withState((state) => {
          talk = createTalk(membership, state);
          talk.changed();
        }),
      (error: unknown) => {
        environment.report(error);
        membership.keep(true);
      },
    );
    return loading;
  }

  const membership: Membership = {
    ...parts,
    channel,
    id,
    keeping: () => keeping && !closed,
    others: async () =>
      (await environment.atWork())
        ?.filter((work) => work.startsWith(THERE) && work !== THERE + id)
        .map((work) => Number(work.slice(THERE.length))),
    isSettled: () => settled,
    settle(silent) {
      if (!membership.keeping()) return;
      settled = true;
      core.soon(() => core.call.settle(core.guard, silent, clock.now()), true);
      line.callAll();
      talk?.settled();
    },
    keep(inItsPlace) {
      if (keeping || closed) return;
      const taking = inItsPlace ? parts.takeOver() : undefined;
      if (taking) return void taking.then(() => membership.keep(false));
      keeping = true;
      settled = false;
      core.soon(() => core.call.keep(core.guard, clock.now()), true);
      mark((storage) => storage.setItem(TABS, "kept"));
      channel.post({ kind: "keep", from: id });
      line.callAll();
      timers.arm(clock.now() + SETTLING, () => void findOthers(), false);
    },
    follow() {
      keeping = false;
      follow(true);
    },
  };

  /** A tab that is alone has nobody to wait for. */
  async function findOthers(): Promise<void> {
    const others = await membership.others().catch(() => undefined);
    if (others?.length) void load().then(() => talk?.begin());
    else membership.settle(0);
  }

  /** Another keeps the limits. Calls of the first moments are told before what becomes of this tab. */
  function follow(isKnown: boolean): void {
    core.leave = isKnown ? Leave.Nothing : Leave.Allowance;
    core.soon(() => core.call.follow(core.guard, isKnown ? 1 : 0), keeping);
  }

  function hear(): void {
    core.leave = Leave.Nothing;
    core.soon(() => core.call.heard(core.guard), true);
  }

  function mark<T>(use: (storage: NonNullable<ReturnType<Environment["storage"]>>) => T): T | undefined {
    try {
      const storage = environment.storage();
      return storage && use(storage);
    } catch {
      return undefined;
    }
  }

  /** Whoever goes in order says that nobody keeps the limits now; the lock says it for the others. */
  function leave(): void {
    if (keeping) mark((storage) => storage.removeItem(TABS));
    leaveAll?.();
    release?.();
    release = undefined;
  }

  function join(): void {
    void environment.exclusively(TABS, () => {
      if (closed) return Promise.resolve();
      const held = new Promise<void>((resolve) => (release = resolve));
      membership.keep(known || heard);
      return held;
    });
  }

  channel.listen((message) => {
    // Somebody is there: whatever they say, nothing is sent any more without asking.
    if (!keeping && !heard) hear();
    if (talk) talk.hear(message);
    else void load().then(() => talk?.hear(message));
  });
  // That this tab is there is known to the browser before the tab looks for others, and sends anything.
  void environment.exclusively(THERE + id, () => new Promise<void>((resolve) => (leaveAll = resolve)));
  const known = mark((storage) => storage.getItem(TABS)) != null;
  // Whoever opens after this waits to hear.
  mark((storage) => storage.setItem(TABS, "kept"));
  follow(known);
  if (!known) parts.restore();
  join();
  // Who has not got the lock by now is not alone, and may send nothing more without asking.
  const notAlone = (): void => {
    if (keeping || closed) return;
    hear();
    void load();
  };
  timers.arm(clock.now() + LOCK_PATIENCE, notAlone, false);
  const stopHiding = environment.onHide((leaving) => leaving && leave());
  const stopWaking = environment.onWake(() => {
    if (keeping && !release && !closed) {
      membership.follow();
      join();
    }
  });

  return {
    changed() {
      talk?.changed();
    },
    tell: (breaker) => void withState((state) => channel.post({ kind: "state", ...state.told(breaker) })),
    close() {
      closed = true;
      leave();
      stopHiding();
      stopWaking();
      channel.close();
    },
  };
}
