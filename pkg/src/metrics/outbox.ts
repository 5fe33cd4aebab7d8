/**
 * Batches on their way: a short queue with bounded tries, which outlives its page.
 *
 * When the page may be about to go, what is unsent is written to localStorage and sent by a request that may outlive
 * the page; whoever finds it there later (this page again, another tab, the next visit) takes it out and sends it.
 * So a batch may arrive twice, and never silently not: its page and sequence number tell it apart, and what
 * is given up is counted and told with the next batch.
 */

import type { Environment } from "../environment.js";
import type { MetricsBatch, SendingState } from "./figures.js";

/** What came of sending one batch. */
export type Delivery = "delivered" | "again" | "refused";

/** Takes a batch where it belongs. `leaving`: the page may not live to see the answer. */
export type Deliver = (batch: MetricsBatch, leaving: boolean) => Promise<Delivery>;

export interface Outbox {
  add(batch: MetricsBatch): void;
  /** Tries every batch that is due, in order; stops at the first that fails. */
  send(): Promise<void>;
  /** The page may be about to go. */
  leave(): void;
  readonly state: SendingState;
}

export interface OutboxParts {
  readonly environment: Environment;
  /** Where the batches go: what another guard of this origin left for elsewhere is not touched. */
  readonly address: string;
  readonly deliver: Deliver;
}

interface Letter {
  readonly batch: MetricsBatch;
  tries: number;
  /** Lies in storage, where somebody else may take it. */
  stored: boolean;
}

/** What storage holds of a batch. */
interface StoredLetter {
  readonly address: string;
  readonly batch: MetricsBatch;
}

const STORAGE_KEY = "seawall:metrics:unsent";
const MOST_LETTERS = 20;
const MOST_TRIES = 6;
const MOST_STORED_CHARACTERS = 100_000;

export function createOutbox({ environment, address, deliver }: OutboxParts): Outbox {
  let letters: Letter[] = take(() => true).map((batch) => ({ batch, tries: 0, stored: false }));
  let sent = 0;
  let dropped = 0;
  let sending: Promise<void> | undefined;

  function drop(letter: Letter): void {
    remove(letter);
    dropped += 1;
  }

  function remove(letter: Letter): void {
    letters = letters.filter((other) => other !== letter);
  }

  /** Takes batches out of storage, so that nobody else sends them. */
  function take(wanted: (batch: MetricsBatch) => boolean): MetricsBatch[] {
    const found = readStored(environment);
    const isOurs = (letter: StoredLetter): boolean => letter.address === address && wanted(letter.batch);
    if (found.some(isOurs)) writeStored(environment, found.filter((letter) => !isOurs(letter)));
    return found.filter(isOurs).map(({ batch }) => batch);
  }

  /** Back from the brink: what somebody else took meanwhile is theirs. */
  function takeBack(): void {
    if (!letters.some(({ stored }) => stored)) return;
    const mine = new Set(letters.filter(({ stored }) => stored).map(({ batch }) => nameOf(batch)));
    const found = new Set(take((batch) => mine.has(nameOf(batch))).map(nameOf));
    letters = letters.filter(({ batch, stored }) => !stored || found.has(nameOf(batch)));
    for (const letter of letters) letter.stored = false;
  }

  async function sendAll(): Promise<void> {
    takeBack();
    for (const letter of [...letters]) {
      if (!letters.includes(letter)) continue;
      letter.tries += 1;
      const delivery = await deliver(letter.batch, false).catch((): Delivery => "again");
      if (!letters.includes(letter)) continue;
      if (delivery === "delivered") done(letter);
      else if (delivery === "refused" || letter.tries >= MOST_TRIES) drop(letter);
      else return;
    }
  }

  function done(letter: Letter): void {
    sent += 1;
    remove(letter);
    if (letter.stored) take((batch) => nameOf(batch) === nameOf(letter.batch));
  }

  return {
    add(batch) {
      letters.push({ batch, tries: 0, stored: false });
      if (letters.length > MOST_LETTERS && letters[0]) drop(letters[0]);
    },
    send() {
      sending ??= sendAll().finally(() => {
        sending = undefined;
      });
      return sending;
    },
    leave() {
      const fresh = letters.filter(({ stored }) => !stored);
      const stored = fresh.map(({ batch }): StoredLetter => ({ address, batch }));
      const kept = stored.length === 0 || writeStored(environment, [...readStored(environment), ...stored]);
      for (const letter of fresh) letter.stored = kept;
      for (const letter of fresh) {
        void deliver(letter.batch, true).then(
          (delivery) => {
            if (delivery === "delivered" && letters.includes(letter)) done(letter);
          },
          () => {},
        );
      }
    },
    get state() {
      return { unsent: letters.length, sent, dropped };
    },
  };
}

function nameOf({ page, sequence }: MetricsBatch): string {
  return `${page} ${sequence}`;
}

/** Whatever else lies there was not put there by this file. */
function readStored(environment: Environment): StoredLetter[] {
  try {
    const text = environment.storage()?.getItem(STORAGE_KEY) ?? "[]";
    if (text.length > MOST_STORED_CHARACTERS) return [];
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found.filter(isLetter).slice(-MOST_LETTERS) : [];
  } catch {
    return [];
  }
}

/** The oldest give way when there are too many; false where nothing can be kept. */
function writeStored(environment: Environment, letters: readonly StoredLetter[]): boolean {
  try {
    const storage = environment.storage();
    if (!storage) return false;
    let kept = letters.slice(-MOST_LETTERS);
    let text = JSON.stringify(kept);
    while (text.length > MOST_STORED_CHARACTERS) {
      kept = kept.slice(1);
      text = JSON.stringify(kept);
    }
    if (kept.length === 0) storage.removeItem(STORAGE_KEY);
    else storage.setItem(STORAGE_KEY, text);
    return kept.length > 0 || letters.length === 0;
  } catch {
    return false;
  }
}

function isLetter(value: unknown): value is StoredLetter {
  const { address, batch } = (value ?? {}) as Partial<StoredLetter>;
  if (typeof address !== "string" || typeof batch !== "object" || batch === null) return false;
  const { version, page, sequence, from, to, endpoints, transitions, users } = batch as Partial<MetricsBatch>;
  const numbers = [sequence, from, to].every((number) => Number.isFinite(number));
  return version === 1 && typeof page === "string" && numbers && [endpoints, transitions, users].every(Array.isArray);
}
