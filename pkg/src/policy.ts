/** The policy from the server: fetched, checked as a whole, applied, or left alone. */

import type { Environment } from "./environment.js";
import type { PolicyEvent } from "./events.js";
import type { Given, readSettings } from "./settings.read.js";

export type PolicyState = PolicyEvent["state"];

export interface PolicySource {
  /** Asks the server once more. Never throws: a guard goes on with the policy it has. */
  refresh(): Promise<PolicyState>;
}

export interface PolicyParts {
  readonly address: string;
  readonly environment: Environment;
  readonly read: typeof readSettings;
  /** Takes all settings or none; throws what is wrong with them. */
  readonly apply: (settings: readonly Given[]) => void;
  readonly tell: (state: PolicyState, reason: string) => void;
}

/** A policy document is a page of text; a server that sends more than this is another server. */
const LONGEST_DOCUMENT = 1_000_000;

export function createPolicySource({ address, environment, read, apply, tell }: PolicyParts): PolicySource {
  let etag: string | undefined;

  async function ask(): Promise<[PolicyState, string]> {
    const headers: Record<string, string> = etag === undefined ? {} : { "if-none-match": etag };
    const response = await environment.fetch(address, { headers, credentials: "omit" });
    if (response.status === 304) return ["unchanged", ""];
    if (!response.ok) return ["failed", `the server answered ${response.status}`];
    const text = await response.text();
    if (text.length > LONGEST_DOCUMENT) return ["failed", "the document is too long"];
    apply(read(JSON.parse(text), "policy", false));
    etag = response.headers.get("etag") ?? undefined;
    return ["applied", ""];
  }

  return {
    async refresh() {
      const [state, reason] = await ask().catch((error: unknown): [PolicyState, string] => [
        "failed",
        error instanceof Error ? error.message : String(error),
      ]);
      tell(state, reason);
      return state;
    },
  };
}
