/**
 * IndexedDB, for whoever keeps something there: Rust makes and upgrades a database (by rexie) and decides within a
 * transaction; the transaction and all waiting are here.
 *
 * What fails, fails with the browser's own exception.
 */

import { prepareDatabase } from "../generated/store/store.js";

/** A connection to the database of that name, which is made or upgraded first. It gives way to newer pages. */
export async function connect(name: string, isOutbox: boolean): Promise<IDBDatabase> {
  await new Promise<void>((resolve, reject) => prepareDatabase(name, isOutbox, resolve, reject));
  const connection = await done(indexedDB.open(name));
  connection.onversionchange = () => connection.close();
  return connection;
}

/** Deletes the database of that name. */
export async function remove(name: string): Promise<void> {
  await done(indexedDB.deleteDatabase(name));
}

/** What a request gives. */
export function done<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Works within a transaction: where that fails, so does all of it. Left alone it would keep what was done so far. */
export async function allOrNothing<Value>(transaction: IDBTransaction, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    throw error;
  }
}

/** Waits until a transaction is done. A request that failed unseen shows here: it ends its transaction. */
export function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
