/**
 * Queries without supabase-js: `guard.from("t").select().eq("id", 1)`.
 *
 * Here steps are only written down; what makes a request of them loads when the first query is awaited.
 */

import { OptionError } from "./errors.js";
import type { Queries, UnknownDatabase } from "./queries.types.js";
import { loadShapes } from "./store.js";

/** A step of a query: its name, and what it was given. */
export type Step = readonly [name: string, ...given: readonly unknown[]];

/** Where queries go, and as whom. */
export interface QueryAddress {
  /** The project's address, without a path: `https://project.supabase.co`. */
  readonly url?: string | undefined;
  /** The project's key. */
  readonly key?: string | undefined;
  readonly schema?: string;
  readonly accessToken?: (() => Promise<string | null>) | undefined;
}

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export function createQueries(address: QueryAddress, fetch: Fetch): Queries<UnknownDatabase> {
  const begin = (name: string) => (...given: unknown[]) => {
    if (address.url === undefined) {
      throw new OptionError("url", "queries need the address of the project: createGuard({ url, key })");
    }
    return recorded(address, fetch, [[name, ...given]]);
  };
  const queries = {
    from: begin("table"),
    rpc: begin("rpc"),
    schema: (schema: string) => createQueries({ ...address, schema }, fetch),
    typed: () => queries,
  };
  return queries as unknown as Queries<UnknownDatabase>;
}

/** Every method is a further step; to wait for it is to send it. */
function recorded(address: QueryAddress, fetch: Fetch, steps: readonly Step[]): object {
  return new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name !== "string") return undefined;
        if (name !== "then") return (...given: unknown[]) => recorded(address, fetch, [...steps, [name, ...given]]);
        const send = () => loadShapes().then(({ runQuery }) => runQuery(address, fetch, steps));
        return (...callbacks: Parameters<Promise<unknown>["then"]>) => send().then(...callbacks);
      },
    },
  );
}
