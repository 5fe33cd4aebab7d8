/**
 * This tab among the others of its origin: who keeps the limits for all of them.
 *
 * The keeper is whoever holds a Web Lock; a tab that closes or crashes gives it up. Nobody waits for the lock on a
 * request's way: until a tab has it, or finds that another was there before, it sends its small allowance. Alone, the
 * lock comes at once, and from then on other tabs cost nothing. What they say to each other (`tabs.talk.ts`) comes in
 * the same file: a tab that could not load it while it has no network would let the others wait for its answers.
 */

import { wholeEnvironment } from "./environment.late.js";
import { type Joining, KEPT, marked, type Tabs } from "./tabs.js";
import { createTalk, type Talk } from "./tabs.talk.js";

/** A lock that is free comes sooner. */
const LOCK_PATIENCE = 50;
/** Tabs that opened before this one was known to them are in the browser's books by then. */
const SETTLING = 100;

export interface Member extends Tabs {
  hear(message: unknown): void;
}

/** A breaker's name and what it has found, as the core's numbers. */
export interface Told {
  readonly breaker: string;
  readonly found: Float64Array;
}

/** This tab's part, shared with what it says to others. */
export interface Membership extends Joining {
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

export function joinAsMember(joining: Joining): Member {
  const { core, clock, timers, line, withState, key, channel, id, isKept } = joining;
  const environment = wholeEnvironment(joining.environment);
  // Each tab holds a lock of its own, by which the keeper knows who is there.
  const there = `${key}:`;
  let keeping = false;
  let settled = false;
  let closed = false;
  let heard = false;
  let release: (() => void) | undefined;
  let talk: Talk | undefined;

  /** There is another tab to talk to. */
  function meet(): void {
    heard = true;
    void withState((state) => {
      if (talk) return;
      talk = createTalk(membership, state);
      talk.changed();
    });
  }

  const membership: Membership = {
    ...joining,
    keeping: () => keeping && !closed,
    others: async () =>
      (await environment.atWork())
        ?.filter((work) => work.startsWith(there) && work !== there + id)
        .map((work) => Number(work.slice(there.length))),
    isSettled: () => settled,
    settle(silent) {
      if (!membership.keeping()) return;
      settled = true;
      core.call.settle(core.guard, silent, clock.now());
      line?.callAll();
      talk?.settled();
    },
    keep(inItsPlace) {
      if (keeping || closed) return;
      const taking = inItsPlace ? joining.takeOver() : undefined;
      if (taking) return void taking.then(() => membership.keep(false));
      keeping = true;
      settled = false;
      core.call.keep(core.guard, clock.now());
      marked(environment, (storage) => storage.setItem(key, KEPT));
      channel.post({ kind: "keep", from: id });
      line?.callAll();
      timers.arm(clock.now() + SETTLING, () => void findOthers(), false);
    },
    follow() {
      keeping = false;
      core.call.follow(core.guard, 1);
    },
  };

  /** A tab that is alone has nobody to wait for. */
  async function findOthers(): Promise<void> {
    const others = await membership.others().catch(() => undefined);
    if (!others?.length) return membership.settle(0);
    meet();
    talk?.begin();
  }

  /** Whoever goes in order says that nobody keeps the limits now; the lock says it for the others. */
  function leave(): void {
    if (keeping) marked(environment, (storage) => storage.removeItem(key));
    joining.leave();
    release?.();
    release = undefined;
  }

  function join(): void {
    void environment.exclusively(key, () => {
      if (closed) return Promise.resolve();
      const held = new Promise<void>((resolve) => (release = resolve));
      membership.keep(isKept || heard);
      return held;
    });
  }

  core.call.follow(core.guard, isKept ? 1 : 0);
  join();
  // Who has not got the lock by now is not alone, and may send nothing more without asking.
  const notAlone = (): void => {
    if (keeping || closed) return;
    core.call.heard(core.guard);
    meet();
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
    hear(message) {
      // Whatever they say, nothing is sent any more without asking.
      if (!keeping && !heard) core.call.heard(core.guard);
      meet();
      talk?.hear(message);
    },
    changed() {
      talk?.changed();
    },
    tell: (breaker) => void withState((state) => channel.post({ kind: "state", ...state.told(breaker) })),
    close() {
      closed = true;
      leave();
      stopHiding();
      stopWaking();
    },
  };
}
