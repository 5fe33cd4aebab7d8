/**
 * The tabs of one origin, as far as each needs to know of the others before it sends anything.
 *
 * One of them keeps the limits for all (`tabs.member.ts`, which comes with the whole core). Until then a tab listens,
 * lets the others know that it is there, and sends its small allowance, or nothing where there is a keeper already.
 */

import type { Clock } from "./clock.js";
import { type Core, Leave } from "./core.js";
import type { Channel, Environment, TextStorage } from "./environment.js";
import type { Line } from "./line.js";
import { storageKey } from "./persistence.js";
import { type Rest, rest, type State } from "./rest.js";
import type { Member } from "./tabs.member.js";
import type { Timers } from "./timer.js";

/** A page that calls nothing becomes one of the tabs all the same, when it has had time for more important things. */
const JOINING = 50;

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
  readonly line: Line | undefined;
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
  /** Asks for the whole core. */
  whole(): Promise<void>;
  /** The core may have changed its state. */
  settled(): void;
}

/** What a tab has from its first moment. */
export interface Joining extends TabParts {
  /** The lock, the channel, and the key in localStorage that says that there is a keeper. */
  readonly key: string;
  readonly channel: Channel;
  readonly id: number;
  /** Whether there was a keeper before this tab. */
  readonly isKept: boolean;
  /** Gives up the lock that says that this tab is there. */
  leave(): void;
}

/** No other tabs, nor any way to find them. */
export const ALONE: Tabs = { changed: () => {}, tell: () => {}, close: () => {} };

export function joinTabs(parts: TabParts): Tabs {
  const { core, clock, timers, environment, whole } = parts;
  const key = storageKey(parts.name, "tabs");
  const channel = environment.channel(key);
  if (!channel) {
    parts.restore();
    return ALONE;
  }
  const id = environment.random();
  const unheard: unknown[] = [];
  let leave = (): void => {};
  let member: Member | undefined;
  let closed = false;
  channel.listen((message) => {
    if (member) return member.hear(message);
    // Somebody is there: whatever they say, nothing is sent any more without asking.
    core.leave = Leave.Nothing;
    unheard.push(message);
    void whole();
  });
  // That this tab is there is known to the browser before the tab looks for others, and sends anything.
  void environment.exclusively(`${key}:${id}`, () => new Promise<void>((resolve) => (closed ? resolve() : (leave = resolve))));
  const isKept = marked(environment, (storage) => storage.getItem(key)) != null;
  // Whoever opens after this waits to hear.
  marked(environment, (storage) => storage.setItem(key, KEPT));
  core.leave = isKept ? Leave.Nothing : Leave.Allowance;
  core.soon(() => {
    if (closed) return;
    const joined = (rest() as Rest).joinTabs({ ...parts, key, channel, id, isKept, leave: () => leave() });
    member = joined;
    // When the calls are told that were made before.
    environment.later(() => unheard.forEach((message) => joined.hear(message)));
  });
  if (!isKept) parts.restore();
  timers.arm(clock.now() + JOINING, () => void whole(), false);
  return {
    changed: () => member?.changed(),
    tell: (breaker) => member?.tell(breaker),
    close() {
      closed = true;
      if (member) member.close();
      else leave();
      channel.close();
    },
  };
}

/** What the key says where there is a keeper. */
export const KEPT = "kept";

/** Uses the storage, where it can be used. */
export function marked<T>(environment: Environment, use: (storage: TextStorage) => T): T | undefined {
  try {
    const storage = environment.storage();
    return storage && use(storage);
  } catch {
    return undefined;
  }
}
