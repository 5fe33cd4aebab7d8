/**
 * A whole supabase-js client behind a guard.
 *
 * supabase-js hands one `fetch` to each of its parts when it is made: REST, auth, storage, realtime's
 * HTTP side, and functions, which read the client's own each time. `protect` replaces each of them by the
 * guard around it. So a call is guarded from the outside: the wait for the session's token, which happens
 * inside the original, is bounded by the call's deadline too.
 */

import { OptionError } from "./errors.js";
import { createGuard, type Guard, internals, isGuard } from "./guard.js";
import type { GuardOptions } from "./options.js";

/** A client with its guard beside it. */
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
 */
export function protect<Client extends object>(
  client: Client,
  guard: Guard | GuardOptions = {},
): Protected<Client> {
  if (isProtected(client)) return client;
  const parts = clientParts(client);
  const chosen = isGuard(guard) ? guard : createGuard(guard);
  const { guarded, adopt } = internals(chosen);

  parts.rest.retry = false;
  for (const sender of senders(parts)) sender.fetch = guarded(sender.fetch.bind(sender), sender === parts.rest);
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

function senders(parts: ClientParts): Sender[] {
  const found = [parts, parts.rest, parts.storage, parts.realtime, ...authSenders(parts)];
  return found.filter((part): part is Sender => typeof part?.fetch === "function");
}

/** With an `accessToken` of its own a client has no auth part, and says so by throwing. */
function authSenders(parts: ClientParts): (Partial<Sender> | undefined)[] {
  try {
    return [parts.auth, parts.auth?.admin];
  } catch {
    return [];
  }
}
