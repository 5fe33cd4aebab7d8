/**
 * Where queued writes are kept: in IndexedDB, or in memory where there is none.
 *
 * Two stores, which Rust makes (`crates/store-wasm/src/database.rs`): what is decided by, and what is sent. Each command
 * is one transaction that loads the writes, lets Rust decide, and stores what changed before it answers; what is told to
 * a page is on the disk before, not only in the browser's memory.
 */

import { outboxDecide } from "../../generated/store/store.js";
import { allOrNothing, committed, connect, done } from "../database.js";

const WRITES = "writes";
const REQUESTS = "requests";
const STORES = [WRITES, REQUESTS];

/** The commands that change nothing: they keep no other page out. */
const LOOKS = ["holdsBack", "list"];

/** What is stored of a write beside its request. */
interface Numbered {
  id: number;
}

/** What Rust decided. */
interface Decision {
  readonly reply: { id?: number; request?: unknown; requests?: unknown[]; readonly heads?: readonly Numbered[] };
  /** The head of a new write, without its number. */
  readonly fresh?: Numbered;
  readonly changed: readonly Numbered[];
  readonly gone: readonly number[];
}

export interface Place {
  readonly isDurable: boolean;
  /** Runs a command, by the names and inputs of `outbox.ts`. */
  run(name: string, settings: Float64Array, input: object): Promise<unknown>;
}

/** Writes that outlive the page. */
export async function openPlace(name: string): Promise<Place> {
  let connection = await connect(name, true);

  /** A transaction; where the connection was closed behind our back, on a new one. */
  async function begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
    const options = { durability: mode === "readonly" ? "default" : "strict" } as const;
    try {
      return connection.transaction(STORES, mode, options);
    } catch {
      connection = await connect(name, true);
      return connection.transaction(STORES, mode, options);
    }
  }

  return {
    isDurable: true,
    async run(command, settings, input) {
      const transaction = await begin(LOOKS.includes(command) ? "readonly" : "readwrite");
      const [writes, requests] = [transaction.objectStore(WRITES), transaction.objectStore(REQUESTS)];
      return allOrNothing(transaction, async () => {
        const { reply, fresh, changed, gone } = decide(command, settings, input, await done(writes.getAll()));
        for (const head of changed) writes.put(head);
        for (const id of gone) {
          writes.delete(id);
          requests.delete(id);
        }
        if (fresh) {
          reply.id = fresh.id = (await done(requests.add(requestOf(input)))) as number;
          writes.put(fresh);
        }
        await attach(command, reply, (id) => done(requests.get(id)));
        await committed(transaction);
        return reply;
      });
    },
  };
}

/** Writes that end with the page. */
export function fleetingPlace(): Place {
  let last = 0;
  const heads = new Map<number, Numbered>();
  const requests = new Map<number, unknown>();
  return {
    isDurable: false,
    async run(command, settings, input) {
      const { reply, fresh, changed, gone } = decide(command, settings, input, [...heads.values()]);
      for (const head of changed) heads.set(head.id, head);
      for (const id of gone) {
        heads.delete(id);
        requests.delete(id);
      }
      if (fresh) {
        reply.id = fresh.id = last += 1;
        heads.set(last, fresh);
        requests.set(last, requestOf(input));
      }
      await attach(command, reply, (id) => requests.get(id));
      return reply;
    },
  };
}

function decide(command: string, settings: Float64Array, input: object, heads: unknown[]): Decision {
  return outboxDecide(command, settings, input, heads) as Decision;
}

function requestOf(input: object): unknown {
  return (input as { request: unknown }).request;
}

/** Puts the requests that belong to it beside a reply: that of the write to be sent, or all. */
async function attach(command: string, reply: Decision["reply"], request: (id: number) => unknown): Promise<void> {
  if (command === "take" && reply.id !== undefined) reply.request = await request(reply.id);
  if (command !== "list") return;
  reply.requests = [];
  for (const { id } of reply.heads ?? []) reply.requests.push(await request(id));
}
