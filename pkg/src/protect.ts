/**
 * A whole supabase-js client behind a guard.
 *
 * supabase-js hands one `fetch` to each of its parts when it is made: REST, auth, storage, realtime's
 * HTTP side, and functions, which read the client's own each time. `protect` replaces each of them by the
 * guard around it. So a call is guarded from the outside: the wait for the session's token is bounded by the
 * call's deadline too, and who calls is asked of the client itself, since the request does not say it yet.
 */

import { OptionError } from "./errors.js";
import { createGuard, type Guard, internals, isGuard } from "./guard.js";
import type { GuardOptions } from "./options.js";
import { type SessionClient, sessionIdentity } from "./session.js";

/**
 * A client with its guard beside it.
 *
 * @example
 * ```ts
 * import type { SupabaseClient } from "@supabase/supabase-js";
 * import type { Protected } from "seawall";
 *
 * function health(client: Protected<SupabaseClient>) {
 *   return client.guard.snapshot().breakers;
 * }
 * ```
 */
export type Protected<Client> = Client & {
  /** The guard every call of this client passes through. */
  readonly guard: Guard;
};

type Fetch = typeof fetch;

/** A part of a client that keeps the fetch it sends with. */
interface Sender {
  fetch: Fetch;
}

interface RestSender extends Sender {
  /** postgrest-js's switch for its built-in retries; ours would run inside theirs. */
  retry?: boolean;
}

/** What `protect` needs to find in a supabase-js client of version 2. */
interface ClientParts extends Partial<Sender> {
  rest: RestSender;
  storage?: Partial<Sender>;
  realtime?: Partial<Sender>;
  auth?: Partial<Sender> & { admin?: Partial<Sender> };
}

/**
 * Guards every call of an existing supabase-js client, which is changed and returned with its types.
 *
 * Protecting it again changes nothing. Clients and functions taken from it before (`supabase.from("t")`,
 * a stored `supabase.functions`) keep sending as they did.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { protect } from "seawall";
 *
 * const supabase = protect(createClient(url, key), { timeout: 5_000 });
 * const { data, error } = await supabase.from("messages").select();
 * ```
 */
export function protect<Client extends object>(
  client: Client,
  guard: Guard | GuardOptions = {},
): Protected<Client> {
  if (isProtected(client)) return client;
  const parts = clientParts(client);
  const chosen = isGuard(guard) ? guard : createGuard(guard);
  const { guarded, adopt, identities, now } = internals(chosen);
  const identity = sessionIdentity(client as unknown as SessionClient, now);
  identities.add(identity);

  parts.rest.retry = false;
  for (const sender of dataSenders(parts)) {
    sender.fetch = guarded({ transport: sender.fetch.bind(sender), identity }, sender === parts.rest);
  }
  // Requests of the auth part say themselves who they are from.
  for (const sender of authSenders(parts)) sender.fetch = guarded({ transport: sender.fetch.bind(sender) }, false);
  adopt(client);
  Object.defineProperty(client, "guard", { value: chosen, enumerable: false });
  protectedClients.add(client);
  return client as Protected<Client>;
}

const protectedClients = new WeakSet<object>();

function isProtected<Client extends object>(client: Client): client is Protected<Client> {
  return protectedClients.has(client);
}

/** Refuses what it could guard only in part: an unguarded client that looks guarded is the worst outcome. */
function clientParts(client: object): ClientParts {
  const parts = client as Partial<ClientParts>;
  if (typeof parts.rest?.fetch !== "function") {
    throw new OptionError("client", "protect() needs a client made by supabase-js version 2");
  }
  return parts as ClientParts;
}

/** The parts that send for whoever is signed in. */
function dataSenders(parts: ClientParts): Sender[] {
  return [parts, parts.rest, parts.storage, parts.realtime].filter(isSender);
}

/** With an `accessToken` of its own a client has no auth part, and says so by throwing. */
function authSenders(parts: ClientParts): Sender[] {
  try {
    return [parts.auth, parts.auth?.admin].filter(isSender);
  } catch {
    return [];
  }
}

function isSender(part: Partial<Sender> | undefined): part is Sender {
  return typeof part?.fetch === "function";
}
