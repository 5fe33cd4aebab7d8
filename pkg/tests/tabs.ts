/** Several tabs of one origin in one process: a line between them, one lock, one localStorage. */

import type { Channel, Environment, TextStorage } from "seawall";

export type Tab = Pick<Environment, "channel" | "exclusively" | "storage">;

export interface Tabs {
  readonly kept: Map<string, string>;
  open(): Tab;
}

export function createTabs(): Tabs {
  const kept = new Map<string, string>();
  const lines = new Map<string, Set<(message: unknown) => void>>();
  const turns = new Map<string, Promise<unknown>>();
  const storage: TextStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };

  function channel(name: string): Channel {
    const line = lines.get(name) ?? new Set();
    lines.set(name, line);
    const own = new Set<(message: unknown) => void>();
    return {
      post(message) {
        const copy: unknown = structuredClone(message);
        for (const listener of line) if (!own.has(listener)) setImmediate(() => listener(copy));
      },
      listen(listener) {
        own.add(listener);
        line.add(listener);
      },
      close: () => own.forEach((listener) => line.delete(listener)),
    };
  }

  function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
    turns.set(name, turn);
    return turn;
  }

  return { kept, open: () => ({ channel, exclusively, storage: () => storage }) };
}
