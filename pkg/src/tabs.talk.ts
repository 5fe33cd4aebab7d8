/**
 * What tabs of one origin say to each other: leases of a limit, leave to probe, and what became of circuits.
 *
 * Every decision is the core's. Messages may come late or never: a question is asked again, and a keeper that
 * says nothing for long sleeps and sends nothing either, so whoever waits for it takes its place. Of two keepers
 * the one with the smaller number goes on.
 */

import type { State } from "./rest.js";
import type { Membership, Told } from "./tabs.member.js";

export interface Talk {
  hear(message: unknown): void;
  /** Asks for what is wanted here. */
  changed(): void;
  /** This keeper knows what it has to lend. */
  settled(): void;
  /** This tab has become the keeper, and others are there: hears what they owe. */
  begin(): void;
}

type Message =
  | { readonly kind: "keep"; readonly from: number }
  | { readonly kind: "ask"; readonly from: number; readonly window: string; readonly want: number; readonly owes: number }
  | { readonly kind: "owes"; readonly from: number; readonly owes: readonly (readonly [window: string, count: number])[] }
  | { readonly kind: "lent"; readonly to: number; readonly window: string; readonly answer: Float64Array }
  | ({ readonly kind: "state" } & Told)
  | ({ readonly kind: "wish"; readonly from: number } & Told)
  | { readonly kind: "leave"; readonly to: number; readonly breaker: string };

/** An answer that takes longer was lost, or the keeper is busy: asked again. */
const ANSWER_PATIENCE = 1_000;
/** A keeper that says nothing for so long is asleep. */
const KEEPER_PATIENCE = 3_000;
/** A new keeper waits for what others owe, and asks again so often before it counts those who say nothing. */
const ROUND = 250;
const ROUNDS = 8;
/** The core's number of nothing. */
const NONE = 0xffff_ffff;

export function createTalk(member: Membership, { windows, told: toldOf }: State): Talk {
  const { clock, timers, line, channel, id } = member;
  const { call, guard, breakers, numbers } = windows.core;
  /** What was asked and not answered yet, and when. */
  const asked = new Map<string, number>();
  /** Since when the keeper owes an answer. */
  let silentSince: number | undefined;

  const post = (message: Message): void => channel.post(message);

  function waitForKeeper(): void {
    if (silentSince !== undefined) return;
    const since = (silentSince = clock.now());
    timers.arm(
      since + KEEPER_PATIENCE,
      () => {
        if (silentSince === since) member.keep(true);
      },
      false,
    );
  }

  /** Who has told this keeper what they owe. */
  const told = new Set<number>();
  let rounds = 0;

  /** Settles when everybody who is there has told; again and again until then. */
  async function settle(asks: boolean): Promise<void> {
    const others = await member.others().catch(() => undefined);
    if (!others || !member.keeping() || rounds === ROUNDS) return;
    const silent = others.filter((other) => !told.has(other));
    if (asks) rounds += 1;
    if (silent.length === 0 || rounds === ROUNDS) {
      rounds = ROUNDS;
      member.settle(silent.length);
    } else if (asks) {
      post({ kind: "keep", from: id });
      timers.arm(clock.now() + ROUND, () => void settle(true), false);
    }
  }

  /** What this tab sent without leave, told once: the keeper is there to hear it. */
  function tellOwed(): void {
    const owes: [string, number][] = [];
    for (let index = windows.count - 1; index >= 0; index -= 1) {
      const count = call.owed(guard, index);
      if (count > 0) owes.push([windows.name(index), count]);
    }
    post({ kind: "owes", from: id, owes });
  }

  function hearOwed({ from, owes }: Message & { kind: "owes" }): void {
    for (const [window, count] of owes) {
      const index = windows.index(window);
      if (index !== undefined) call.lend(guard, index, 0, count, clock.now());
    }
    told.add(from);
    void settle(false);
  }

  function changed(): void {
    if (member.keeping()) return;
    const now = clock.now();
    for (let index = windows.count - 1; index >= 0; index -= 1) {
      call.wants(guard, index, now);
      const [want = 0, owes = 0] = numbers();
      if (want > 0 || owes > 0) ask(windows.name(index), want, owes, now);
    }
    for (let index = call.wish(guard) >>> 0; index !== NONE; index = call.wish(guard) >>> 0) {
      post({ kind: "wish", from: id, ...toldOf(index) });
      waitForKeeper();
    }
  }

  function ask(window: string, want: number, owes: number, now: number): void {
    if (now - (asked.get(window) ?? -Infinity) < ANSWER_PATIENCE) return;
    asked.set(window, now);
    post({ kind: "ask", from: id, window, want, owes });
    waitForKeeper();
  }

  function hearKeeper(from: number): void {
    if (member.keeping()) {
      if (from > id) return post({ kind: "keep", from: id });
      member.follow();
    } else call.heard(guard);
    tellOwed();
    silentSince = undefined;
    asked.clear();
    changed();
  }

  /** What was asked while this keeper did not know yet what it has to lend: answered when it does. */
  const early = new Map<string, Message & { kind: "ask" }>();

  function lend(question: Message & { kind: "ask" }): void {
    const { from, window, want, owes } = question;
    if (!member.isSettled()) return void early.set(`${from} ${window}`, question);
    const index = windows.index(window);
    if (index === undefined) return;
    call.lend(guard, index, want, owes, clock.now());
    post({ kind: "lent", to: from, window, answer: numbers().slice(0, 3) });
    member.save();
  }

  function take({ window, answer }: Message & { kind: "lent" }): void {
    const since = asked.get(window);
    silentSince = undefined;
    asked.delete(window);
    const index = since === undefined ? undefined : windows.index(window);
    if (index === undefined) return;
    numbers().set(answer.slice(0, 3));
    call.lent(guard, index, since ?? 0, clock.now());
    // Also when there is nothing: who would not wait longer hears of it.
    line?.callAll();
    changed();
  }

  function adopt({ breaker, found }: Told): number {
    const index = breakers.indexOf(breaker);
    const list = found.slice(0, numbers().length);
    numbers().set(list);
    if (index >= 0) call.adopt(guard, index, list.length, clock.now(), clock.wall());
    return index;
  }

  /** Gives leave, or says what is known better here. */
  function lendLeave(wish: Message & { kind: "wish" }): void {
    const index = adopt(wish);
    if (index < 0) return;
    if (call.lend_leave(guard, index, clock.now())) post({ kind: "leave", to: wish.from, breaker: wish.breaker });
    else post({ kind: "state", ...toldOf(index) });
    member.settled();
  }

  return {
    changed,
    settled() {
      for (const question of early.values()) lend(question);
      early.clear();
    },
    begin() {
      told.clear();
      rounds = 0;
      void settle(true);
    },
    hear(heard) {
      const message = heard as Message;
      switch (message.kind) {
        case "keep":
          return hearKeeper(message.from);
        case "owes":
          return member.keeping() ? hearOwed(message) : undefined;
        case "ask":
          return member.keeping() ? lend(message) : undefined;
        case "lent":
          return message.to === id ? take(message) : undefined;
        case "state":
          silentSince = undefined;
          adopt(message);
          return member.settled();
        case "wish":
          return member.keeping() ? lendLeave(message) : undefined;
        case "leave":
          silentSince = undefined;
          if (message.to === id) call.grant_leave(guard, breakers.indexOf(message.breaker) >>> 0, clock.now());
          return undefined;
        default:
      }
    },
  };
}
