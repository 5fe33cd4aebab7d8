/** What users are sent by who are signed in at a client or were seen to send: for parts that send on their own. */

import type { Identities } from "./identity.js";
import type { User } from "./user.js";

/** The token that a client has of this user, perhaps outdated: good for telling what they may see. */
export function tokenOf(identities: Identities, user: User): string | undefined {
  for (const client of identities.clients()) if (identities.userAt(client) === user) return client.current() ?? undefined;
  return undefined;
}

/** The headers with which a request of this user's is sent by nobody but the guard; none where nobody here has any. */
export async function credentialsOf(identities: Identities, user: User): Promise<Record<string, string> | undefined> {
  for (const client of identities.clients()) {
    if ((identities.userAt(client) ?? user) !== user) continue;
    const token = await client.fresh();
    if (identities.owner(client, token) !== user) continue;
    const authorization = `Bearer ${token ?? client.key}`;
    return client.key === "" ? { authorization } : { authorization, apikey: client.key };
  }
  const authorization = identities.lastSeen(user);
  return authorization === undefined ? undefined : { authorization };
}

/** Who could send now: whoever is signed in at a client, or was seen to send. */
export function present(identities: Identities): User[] {
  for (const client of identities.clients()) {
    // Where only asking can tell, being asked it tells everybody: whoever waits hears of it then.
    if (identities.userAt(client) === undefined) client.known().catch(() => {});
  }
  return identities.seen();
}
