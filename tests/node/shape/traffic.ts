/** The server's answers as they are, and how many requests they took. */

import { type Guard, type GuardOptions, createGuard } from "seawall";

/** What a caller can see of an answer and what must not depend on how it was asked for. */
export interface Seen {
  status: number;
  body: string;
  headers: Record<string, string | null>;
}

const SEEN = ["content-type", "content-range", "content-location", "preference-applied", "range-unit"];

export async function seen(response: Response): Promise<Seen> {
  const headers = Object.fromEntries(SEEN.map((name) => [name, response.headers.get(name)]));
  return { status: response.status, body: await response.text(), headers };
}

export interface Counted {
  readonly guard: Guard;
  /** URLs of the requests really sent since this was asked last. */
  sent(): string[];
}

const PLENTY = { limit: 10_000 };

/** A guard that holds nothing back, and tells what it sends. */
export function counted(options: GuardOptions): Counted {
  let urls: string[] = [];
  const limits = { reads: PLENTY, writes: PLENTY };
  const guard = createGuard({ storage: "memory", limits, ...options }, {
    fetch: (input, init) => {
      urls.push(input instanceof Request ? input.url : String(input));
      return fetch(input, init);
    },
  });
  return {
    guard,
    sent: () => {
      const sent = urls;
      urls = [];
      return sent;
    },
  };
}
