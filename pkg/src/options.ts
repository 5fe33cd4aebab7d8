/**
 * What `createGuard` accepts, and how it reaches the policy core.
 *
 * The core owns the table of settings: names, bounds, defaults, error texts. So nothing is checked here
 * but what belongs to the page alone; everything else is flattened into dotted names and handed over.
 */

import { OptionError } from "./errors.js";
import type { Service } from "./vocabulary.js";

/** When a circuit opens, and how it closes again. All times in milliseconds. */
export interface BreakerOptions {
  /** Failures within `monitoringPeriod` that open the circuit. Default 5. */
  failureThreshold?: number;
  /** The sliding window that failures are counted in. Default 10,000. */
  monitoringPeriod?: number;
  /** How long an open circuit waits before it lets a probe through. Default 30,000. */
  resetTimeout?: number;
  /** Successful probes that close the circuit. Default 2. */
  successThreshold?: number;
  /** Any other breaker setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | undefined;
}

/** How failed attempts are repeated. */
export interface RetryOptions {
  /** Requests per call at most, the first included. */
  attempts?: number;
  /** The first wait; later ones grow, with full jitter. */
  baseDelay?: number;
  /** The longest wait. */
  maxDelay?: number;
  /** Any other retry setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | undefined;
}

/** A sliding window: at most `limit` calls in any `window` milliseconds. */
export interface QuotaOptions {
  limit?: number;
  window?: number;
  /** Any other limit setting of the policy document, by its name there. */
  [setting: string]: number | boolean | string | undefined;
}

/** The quotas per class of operation. */
export interface LimitOptions {
  reads?: QuotaOptions;
  writes?: QuotaOptions;
  rpc?: QuotaOptions;
  auth?: QuotaOptions;
  /** Any other limit setting of the policy document, by its name there. */
  [setting: string]: QuotaOptions | number | boolean | string | undefined;
}

/** Every setting both sides share. A server publishes one at `/policy`. */
export interface PolicyDocument {
  breaker?: BreakerOptions;
  /** Milliseconds one attempt may take. Default 10,000. */
  timeout?: number;
  /** Milliseconds the whole call may take, waits and retries included. */
  deadline?: number;
  retry?: RetryOptions;
  limits?: LimitOptions;
  /** Settings for one service only. */
  services?: { [service in Service]?: PolicyDocument };
  /** Settings for one endpoint only, by its path: `/rest/v1/messages`. */
  endpoints?: { [path: string]: PolicyDocument };
  /** Other settings of the policy document; an unknown one is refused by name. */
  [setting: string]: unknown;
}

/** The options of {@link createGuard}, all optional. */
export interface GuardOptions {
  breaker?: BreakerOptions;
  /** Milliseconds one attempt may take. Default 10,000. */
  timeout?: number;
  /** Milliseconds the whole call may take, waits and retries included. */
  deadline?: number;
  retry?: RetryOptions;
  limits?: LimitOptions;
  services?: PolicyDocument["services"];
  endpoints?: PolicyDocument["endpoints"];
  /** `auto` keeps breaker state in localStorage where there is one; `memory` forgets it with the page. */
  storage?: "auto" | "memory";
  /** The policy document, or the address of a server that publishes one. The options above override it. */
  policy?: PolicyDocument | string | URL;
}

/** One setting of the policy core: its dotted name, and whatever was given for it. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
}

/** The options, sorted by who understands them. */
export interface ReadOptions {
  /** The document's settings first, so that the page's own override them. */
  readonly settings: readonly Setting[];
  readonly storage: "auto" | "memory";
  readonly policyAddress: string | undefined;
}

export function readOptions(options: GuardOptions): ReadOptions {
  if (!isRecord(options)) throw new OptionError("options", "the options are an object");
  const { storage = "auto", policy, ...settings } = options;
  if (storage !== "auto" && storage !== "memory") {
    throw new OptionError("storage", `storage is "auto" or "memory", not ${shown(storage)}`);
  }
  const address = typeof policy === "string" || policy instanceof URL ? policyAddress(policy) : undefined;
  const document = address === undefined && policy !== undefined ? flatten(policy, "policy") : [];
  return { settings: [...document, ...flatten(settings, "options")], storage, policyAddress: address };
}

/** `{ breaker: { failureThreshold: 3 } }` as `breaker.failureThreshold = 3`. */
export function flatten(document: unknown, what: string): Setting[] {
  if (!isRecord(document)) throw new OptionError(what, `${what} is an object, not ${shown(document)}`);
  const settings: Setting[] = [];
  collect(document, "", settings);
  return settings;
}

function collect(branch: Record<string, unknown>, prefix: string, settings: Setting[]): void {
  for (const [name, value] of Object.entries(branch)) {
    if (value === undefined) continue;
    const path = prefix + quoted(name);
    if (isRecord(value)) collect(value, `${path}.`, settings);
    else settings.push({ path, value });
  }
}

/** The server's own address is enough; a longer one is taken as it is. */
function policyAddress(policy: string | URL): string {
  let address: URL;
  try {
    address = new URL(policy);
  } catch {
    throw new OptionError("policy", `policy is a document or an absolute address, not ${shown(policy)}`);
  }
  if (address.protocol !== "http:" && address.protocol !== "https:") {
    throw new OptionError("policy", `policy is fetched by http or https, not ${address.protocol}`);
  }
  if (address.pathname === "/") address.pathname = "/policy";
  return address.href;
}

/** A name with dots in it is quoted, as in TOML; one with a quote in it can be no setting's. */
function quoted(name: string): string {
  return /^\w+$/.test(name) ? name : `"${name}"`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}
