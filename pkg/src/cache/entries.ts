/**
 * Entries in IndexedDB, shared by the tabs of an origin.
 *
 * Three stores, which Rust makes (`crates/store-wasm/src/database.rs`): the entries whole, an index with a line for each,
 * and a ledger of one record with the totals and the marks. Each change is one transaction over all three, so nothing is
 * ever half changed, several tabs agree, and its cost does not depend on how much is stored. What a mark means and how
 * much has to go, Rust decides.
 *
 * What cannot be opened, or is not what this version wrote, is thrown away and made anew; losing a cache costs requests.
 */

import { Cache } from "../../generated/store/store.js";
import { allOrNothing, committed, connect, done, remove } from "../database.js";
import { Kind } from "./rules.js";

const ANSWERS = "answers";
const INDEX = "index";
const LEDGER = "ledger";
const STORES = [ANSWERS, INDEX, LEDGER];
/** Lines looked at together when something has to go. */
const BATCH = 64;

/** What an entry's line must have here; the rest is only carried. */
interface Sized {
  readonly key: string;
  readonly path: string;
  readonly size: number;
}

/** The ledger's record, read. */
interface Ledger {
  /** What was invalidated. */
  readonly marks: Cache;
  entries: number;
  bytes: number;
}

/** What a read finds: the entry if it is there, the count of invalidations, how many entries and bytes there are. */
export type Reading = [entry: unknown, count: number, entries: number, bytes: number];

export class CacheDisk {
  readonly #connection: IDBDatabase;
  readonly #most: { readonly entries: number; readonly bytes: number };

  private constructor(connection: IDBDatabase, entries: number, bytes: number) {
    this.#connection = connection;
    this.#most = { entries, bytes };
  }

  /** Opens the database of that name, made anew if it is not what it should be. */
  static async open(name: string, entries: number, bytes: number): Promise<CacheDisk> {
    let connection = await connect(name, false).catch(() => undefined);
    if (!connection || !(await isSound(connection))) {
      connection?.close();
      await remove(name);
      connection = await connect(name, false);
    }
    return new CacheDisk(connection, entries, bytes);
  }

  async read(key: string): Promise<Reading> {
    const transaction = this.#connection.transaction([ANSWERS, LEDGER]);
    const entry: unknown = await done(transaction.objectStore(ANSWERS).get(key));
    return within(transaction, ({ marks, entries, bytes }) => [entry, marks.count(), entries, bytes]);
  }

  /**
   * Stores an entry and its line, unless it was asked for before an invalidation of one of its slots; tells whether it
   * did.
   */
  async write(entry: object, line: Sized, slots: Uint16Array, since: number): Promise<boolean> {
    const transaction = this.#connection.transaction(STORES, "readwrite");
    return within(transaction, async (ledger) => {
      if (!ledger.marks.allows(since, slots)) return false;
      const index = transaction.objectStore(INDEX);
      const old = (await done(index.get(line.key))) as Sized | undefined;
      if (old) change(ledger, -1, old.size);
      change(ledger, 1, line.size);
      transaction.objectStore(ANSWERS).put(entry);
      index.put(line);
      await this.#evict(transaction, ledger);
      await finish(transaction, ledger);
      return true;
    });
  }

  /** These were used just now. */
  async touch(keys: readonly string[], now: number): Promise<void> {
    const transaction = this.#connection.transaction(INDEX, "readwrite");
    const index = transaction.objectStore(INDEX);
    for (const key of keys) {
      const line = (await done(index.get(key))) as object | undefined;
      if (line) index.put({ ...line, used: now });
    }
    await committed(transaction);
  }

  /** Invalidates; tells how many entries ended. */
  async forget(kind: Kind, name: string): Promise<number> {
    const transaction = this.#connection.transaction(STORES, "readwrite");
    return within(transaction, async (ledger) => {
      ledger.marks.forget(kind, name);
      const lines = (await done(meant(transaction.objectStore(INDEX), kind, name))) as Sized[];
      const ended = kind === Kind.Pattern ? lines.filter(({ path }) => ledger.marks.isLike(name, path)) : lines;
      end(transaction, ledger, ended);
      await finish(transaction, ledger);
      return ended.length;
    });
  }

  /** The index, a line for each entry. */
  async lines(): Promise<unknown[]> {
    return done(this.#connection.transaction(INDEX).objectStore(INDEX).getAll());
  }

  close(): void {
    this.#connection.close();
  }

  /** Lets the least recently used go until the rest is within the limits. */
  async #evict(transaction: IDBTransaction, ledger: Ledger): Promise<void> {
    const { entries, bytes } = ledger;
    const [tooMany = 0, tooMuch = 0] = ledger.marks.excess(entries, bytes, this.#most.entries, this.#most.bytes);
    const isEnough = (gone: number, freed: number): boolean => gone >= tooMany && freed >= tooMuch;
    while (!isEnough(entries - ledger.entries, bytes - ledger.bytes)) {
      const oldest = (await done(transaction.objectStore(INDEX).index("used").getAll(null, BATCH))) as Sized[];
      let [gone, freed] = [entries - ledger.entries, bytes - ledger.bytes];
      const ended = oldest.filter(({ size }) => {
        const goes = !isEnough(gone, freed);
        gone += 1;
        freed += size;
        return goes;
      });
      if (ended.length === 0) return;
      end(transaction, ledger, ended);
    }
  }
}

/** Whether the ledger can be read. */
async function isSound(connection: IDBDatabase): Promise<boolean> {
  try {
    return await within(connection.transaction(STORES), () => true);
  } catch {
    return false;
  }
}

/** Works with a transaction's ledger. */
async function within<Value>(transaction: IDBTransaction, work: (ledger: Ledger) => Value | Promise<Value>): Promise<Value> {
  const record = (await done(transaction.objectStore(LEDGER).get(0))) as { entries: number; bytes: number; marks: Uint32Array } | undefined;
  const marks = new Cache();
  try {
    // A damaged ledger makes the whole database worthless.
    if (record && !(record.marks instanceof Uint32Array && marks.restore(record.marks))) throw new Error("the stored ledger is damaged");
    const ledger = { marks, entries: record?.entries ?? 0, bytes: record?.bytes ?? 0 };
    return await allOrNothing(transaction, async () => work(ledger));
  } finally {
    marks.free();
  }
}

async function finish(transaction: IDBTransaction, { marks, entries, bytes }: Ledger): Promise<void> {
  transaction.objectStore(LEDGER).put({ id: 0, entries, bytes, marks: marks.numbers() });
  await committed(transaction);
}

function change(ledger: Ledger, entries: number, size: number): void {
  ledger.entries = Math.max(0, ledger.entries + entries);
  ledger.bytes = Math.max(0, ledger.bytes + entries * size);
}

/** The lines of what is meant, or for a pattern those among which it is looked for. */
function meant(index: IDBObjectStore, kind: Kind, name: string): IDBRequest<unknown[]> {
  const labels: Partial<Record<Kind, string>> = { [Kind.Table]: "tables", [Kind.Tag]: "tags", [Kind.User]: "user" };
  const label = labels[kind];
  if (label) return index.index(label).getAll(name);
  return kind === Kind.Key ? index.getAll(name) : index.getAll();
}

/** Ends entries. The end of the transaction tells whether it was done. */
function end(transaction: IDBTransaction, ledger: Ledger, lines: readonly Sized[]): void {
  for (const { key, size } of lines) {
    transaction.objectStore(ANSWERS).delete(key);
    transaction.objectStore(INDEX).delete(key);
    change(ledger, -1, size);
  }
}
