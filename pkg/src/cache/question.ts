/** A read as the cache sees it: its key, whose it is, what its answer depends on. */

import { decodeBase64 } from "../environment.js";
import { pathOf } from "../route.js";
import type { Passage } from "../stage.js";
import type { Rules } from "./rules.js";

export interface Question {
  readonly key: string;
  /** A digest of the subject. */
  readonly user: string;
  /** Path and query. */
  readonly path: string;
  readonly tables: string[];
  readonly tags: string[];
  /** Where the marks are that end its answer. */
  readonly slots: Uint16Array;
}

export interface Questions {
  /** The question, or undefined where it means something else on another page. */
  of(passage: Passage, token: string | undefined): Question | undefined;
  user(subject: string): string;
}

/** Claims that change with every token and no answer. */
const VOLATILE = new Set(["iat", "exp", "nbf", "jti", "session_id", "amr"]);
/** Enough for the users and the questions of a page; a flood starts over. */
const MOST_REMEMBERED = 1_000;

export function createQuestions(rules: Rules): Questions {
  const users = new Map<string, string>();
  const claims = new Map<string, string>();
  const known = new Map<string, Question>();

  const user = (subject: string): string => remembered(users, subject, () => rules.user(subject));

  return {
    user,
    of({ request, route, user: { subject }, options }, token) {
      const rest = token === undefined ? "" : remembered(claims, token, () => claimsIn(token));
      const who = [JSON.stringify(subject), rest, request.header("apikey") ?? ""].join("\n");
      let headers = "";
      for (const [name, value] of request.headers()) headers += `${name}:${value}\n`;
      const tags = options.tags ?? [];
      const text = [request.method, request.url, tags.join(), headers, who].join("\n");
      const found = remembered(known, text, () => {
        const orderless = route.service === "rest" || route.service === "rpc";
        const key = rules.key(orderless, request.method, request.url, headers, who);
        const query = queryOf(request.url);
        const tables = rules.tablesRead(route.endpoint, query);
        const owner = user(subject);
        const slots = rules.slots(key, owner, tables, [...tags]);
        const path = pathOf(request.url) + (query && `?${query}`);
        return { key, user: owner, path, tables, tags: [...tags], slots };
      });
      return found.key === "" ? undefined : found;
    },
  };
}

export function queryOf(url: string): string {
  const [whole = ""] = url.split("#", 1);
  const start = whole.indexOf("?");
  return start < 0 ? "" : whole.slice(start + 1);
}

/** What a policy in the database may look at, the same for every token of a session. */
function claimsIn(token: string): string {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims = JSON.parse(new TextDecoder().decode(decodeBase64(payload))) as Record<string, unknown>;
    return JSON.stringify(Object.entries(claims).filter(([name]) => !VOLATILE.has(name)));
  } catch {
    return "";
  }
}

function remembered<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const found = map.get(name);
  if (found !== undefined) return found;
  if (map.size >= MOST_REMEMBERED) map.clear();
  const made = make();
  map.set(name, made);
  return made;
}
