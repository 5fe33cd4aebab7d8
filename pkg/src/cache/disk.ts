/**
 * Entries on disk, where there is one.
 *
 * A disk may be missing, refuse, fill up or hang. Whatever it does, a read is answered without it: a hung one is not
 * waited for, a full one is emptied once, and one that fails is given up, with an event that says so.
 */

import type { Clock } from "../clock.js";
import type { Timers } from "../timer.js";
import type { CacheDisk } from "./entries.js";
import { type Entry, isEntry } from "./entry.js";
import { Kind } from "./rules.js";

/** The structure's version is in the name: an upgrade never waits for a tab that still has the old one open. */
export const DATABASE = "seawall-cache-1";

/** A read waits so long for the disk, and then goes to the server. */
const PATIENCE = 400;
/** A change is waited for longer: what is invalidated should be gone when its caller goes on. */
const LONG_PATIENCE = 2_000;
/** Opening may have to wait for other tabs, but not for ever. */
const LONGEST_OPENING = 5_000;
/** A disk that answers nothing for so long is given up. */
const HUNG = 10_000;
/** Uses are worth a write now and then, not one each. */
const TOUCH_DELAY = 2_000;

/** A line of the index: an entry without its body. */
export type Line = Pick<Entry, "key" | "user" | "path" | "tables" | "tags" | "status" | "size" | "stored"> & {
  readonly used: number;
};

/** What a read finds. */
export interface Found {
  readonly entry: Entry | undefined;
  /** The count of invalidations on disk at that moment; undefined where there is no disk. */
  readonly count: number | undefined;
}

export interface Disk {
  read(key: string): Promise<Found>;
  /** Stores an entry that was asked for at that count. */
  write(entry: Entry, slots: Uint16Array, since: number): Promise<void>;
  /** Ends what is meant; tells how many there were, or undefined where there is no disk. */
  forget(kind: Kind, name: string): Promise<number | undefined>;
  lines(): Promise<Line[] | undefined>;
  /** This one was used. */
  touch(key: string): void;
  /** Entries and bytes as last heard; undefined where there is no disk. */
  totals(): { entries: number; bytes: number } | undefined;
  close(): void;
}

export interface DiskParts {
  readonly CacheDisk: typeof CacheDisk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: { readonly entries: number; readonly bytes: number };
  /** It does not work, for this reason: memory is all there is. */
  readonly onRefusal: (reason: string) => void;
}

const NOTHING: Found = { entry: undefined, count: undefined };

export function createDisk({ CacheDisk, clock, timers, limits, onRefusal }: DiskParts): Disk {
  let broken = false;
  let closed = false;
  let emptied = false;
  let answered = clock.now();
  let totals = { entries: 0, bytes: 0 };
  let used = new Set<string>();
  const database = CacheDisk.open(DATABASE, limits.entries, limits.bytes);
  const opening = timers.arm(answered + LONGEST_OPENING, () => giveUp("IndexedDB does not open"), false);
  database.then(() => timers.disarm(opening), giveUp);

  function giveUp(reason: unknown): void {
    if (broken || closed) return;
    broken = true;
    onRefusal(reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason));
    // What can no longer be invalidated must not be found by the next page.
    database.then((disk) => disk.forget(Kind.Everything, "")).catch(() => {});
  }

  /** Uses the disk and gives what came of it, or `otherwise` when it is slow or fails. */
  function using<Value>(use: (disk: CacheDisk) => Promise<Value>, otherwise: Value, patience: number): Promise<Value> {
    if (broken || closed) return Promise.resolve(otherwise);
    return new Promise((resolve) => {
      const late = (): void => {
        if (clock.now() - answered > HUNG) giveUp("IndexedDB does not answer");
        resolve(otherwise);
      };
      const alarm = timers.arm(clock.now() + patience, late, false);
      database
        .then(use)
        .catch((error: unknown) => {
          giveUp(error);
          return otherwise;
        })
        .then((value) => {
          answered = clock.now();
          timers.disarm(alarm);
          resolve(value);
        });
    });
  }

  async function flush(): Promise<void> {
    const keys = [...used];
    used = new Set();
    await using((disk) => disk.touch(keys, clock.wall()), undefined, LONG_PATIENCE);
  }

  async function store(disk: CacheDisk, entry: Entry, slots: Uint16Array, since: number): Promise<void> {
    const line: Line = lineOf(entry, clock.wall());
    try {
      await disk.write(entry, line, slots, since);
    } catch (error) {
      if (emptied) throw error;
      // Most likely it is full: room is made once, and then it is given up.
      emptied = true;
      await disk.forget(Kind.Everything, "");
    }
  }

  return {
    read: (key) =>
      using(
        async (disk) => {
          const [entry, count, entries, bytes] = await disk.read(key);
          totals = { entries, bytes };
          return { entry: isEntry(entry) && entry.key === key ? entry : undefined, count };
        },
        NOTHING,
        PATIENCE,
      ),
    write: (entry, slots, since) => using((disk) => store(disk, entry, slots, since), undefined, LONG_PATIENCE),
    forget: (kind, name) => using<number | undefined>((disk) => disk.forget(kind, name), undefined, LONG_PATIENCE),
    lines: () => using<Line[] | undefined>(async (disk) => (await disk.lines()) as Line[], undefined, LONG_PATIENCE),
    touch(key) {
      if (used.size === 0) timers.arm(clock.now() + TOUCH_DELAY, () => void flush(), false);
      used.add(key);
    },
    totals: () => (broken ? undefined : totals),
    close() {
      closed = true;
      database.then((disk) => disk.close()).catch(() => {});
    },
  };
}

function lineOf({ key, user, path, tables, tags, status, size, stored }: Entry, used: number): Line {
  return { key, user, path, tables, tags, status, size, stored, used };
}
