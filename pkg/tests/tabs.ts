/** Several tabs of one origin in one process: a line between them, one lock, one localStorage. */

import type { Channel, Environment, TextStorage } from "seawall";

export type Tab = Pick<Environment, "channel" | "exclusively" | "storage" | "atWork">;

export interface Tabs {
  readonly kept: Map<string, string>;
  open(): Tab;
}

/** Delivers messages as soon as it can, or as it is told. */
export function createTabs(deliver: (message: () => void) => void = setImmediate): Tabs {
  const kept = new Map<string, string>();
  const lines = new Map<string, Set<(message: unknown) => void>>();
  const held = new Set<string>();
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
        for (const listener of line) if (!own.has(listener)) deliver(() => listener(copy));
      },
      listen(listener) {
        own.add(listener);
        line.add(listener);
      },
      close: () => own.forEach((listener) => line.delete(listener)),
    };
  }

  function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    const working = (): Promise<T> => {
      held.add(name);
      return work().finally(() => held.delete(name));
    };
    const turn = (turns.get(name) ?? Promise.resolve()).then(working, working);
    turns.set(name, turn);
    return turn;
  }

  return { kept, open: () => ({ channel, exclusively, storage: () => storage, atWork: async () => [...held] }) };
}
