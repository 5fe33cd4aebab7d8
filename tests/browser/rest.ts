/** Calls past the page: what anybody with a token could send. */

import { users } from "./stack.ts";
import type { Who } from "./visit.ts";

export const HARBOUR = "aaaaaaaa-0000-4000-8000-000000000001";
export const LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000002";

export interface Caller {
  call(path: string, init?: { method?: string; body?: unknown }): Promise<{ status: number; body: unknown }>;
}

export async function callerFor(url: string, who: Who | "anon"): Promise<Caller> {
  const { anonKey } = (await (await fetch(`${url}/dev/config`)).json()) as { anonKey: string };
  const token = who === "anon" ? anonKey : await tokenOf(url, who);
  return {
    async call(path, { method = "GET", body } = {}) {
      const response = await fetch(`${url}/rest/v1/${path}`, {
        method,
        headers: {
          apikey: anonKey,
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          prefer: "return=representation",
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? null : JSON.parse(text) };
    },
  };
}

/** The server limits sign-ins to ten a minute: one is enough for each user. */
const tokens = new Map<string, Promise<string>>();

function tokenOf(url: string, who: Who): Promise<string> {
  const known = tokens.get(url + who) ?? signedIn(url, who);
  tokens.set(url + who, known);
  return known;
}

async function signedIn(url: string, who: Who): Promise<string> {
  const { email, password } = users[who];
  const response = await fetch(`${url}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}
