/**
 * Any failure, told apart and put into a sentence for the person in front of the page.
 *
 * Understood are the guard's own errors, what postgrest-js, auth-js, storage-js and functions-js give as `error`, their
 * whole results, responses, what fetch throws, and the guard's event `failure`. How a failure is judged is the
 * core's, here as on a request's way. The sentences are English, and each can be replaced.
 */

import type { Core } from "./core.js";
import type { Environment } from "./environment.js";
import type { FailureEvent } from "./events.js";
import { failureCode } from "./failure.js";
import { BY_CATEGORY, BY_CODE } from "./messages.table.js";
import { describe, type Described } from "./messages.describe.js";
import { CATEGORIES, type Category, type OperationClass, SERVICES, type Service } from "./vocabulary.js";

/**
 * Sentences by category and by code. `{wait}` in one stands for the time until it is worth trying again.
 *
 * @example
 * ```ts
 * import { createGuard, type Messages } from "seawall";
 *
 * const messages: Messages = { conflict: "Das gibt es schon.", rate_limited: "Bitte {wait} noch einmal." };
 * createGuard({ messages });
 * ```
 */
export type Messages = { readonly [name in Category]?: string } & { readonly [code: string]: string | undefined };

/**
 * What a failed call was about, as far as that is known.
 *
 * @example
 * ```ts
 * const { context } = await guard.explain(await guard.fetch(`${url}/rest/v1/rooms`));
 * show(context.endpoint, context.requestId);
 * ```
 */
export interface ExplanationContext {
  readonly service?: Service;
  readonly class?: OperationClass;
  readonly endpoint?: string;
  readonly method?: string;
  readonly attempts?: number;
  readonly elapsed?: number;
  readonly status?: number;
  readonly requestId?: string;
}

/**
 * A failure as an application can act on it and show it.
 *
 * @example
 * ```ts
 * const explanation = await guard.explain(await supabase.from("messages").select());
 * if (explanation.retryable) show(explanation.message, explanation.retryAfter);
 * ```
 */
export interface Explanation {
  readonly category: Category;
  /** The guard's, the database's or the service's code; undefined where there is none. */
  readonly code: string | undefined;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** Milliseconds until trying again makes sense, where that is known. */
  readonly retryAfter: number | undefined;
  /** A sentence for the person in front of the page. */
  readonly message: string;
  /** What was to be explained. */
  readonly original: unknown;
  readonly context: ExplanationContext;
}

/**
 * What an explanation may draw on beside the failure itself.
 *
 * @example
 * ```ts
 * import { explain, type ExplainParts } from "seawall/messages";
 *
 * const german: ExplainParts = { messages: { conflict: "Das gibt es schon." } };
 * show((await explain({ code: "23505" }, german)).message);
 * ```
 */
export interface ExplainParts {
  readonly messages?: Messages | undefined;
}

/** What a guard adds to them. */
export interface ExplainSources extends ExplainParts {
  /** Failures a guard has seen lately, the latest last. */
  readonly recent: readonly FailureEvent[];
  /** What judges. */
  readonly core: Core;
  readonly environment: Environment;
}

/**
 * All sentences that are there, for a translation to begin with.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 * import { ENGLISH } from "seawall/messages";
 *
 * createGuard({ messages: { ...ENGLISH, conflict: "Somebody was faster." } });
 * ```
 */
export const ENGLISH: Messages = { ...BY_CATEGORY, ...BY_CODE };

/** Explains a failure as a guard does. What nobody understands is a failure of the server's kind. */
export async function explainWith(failure: unknown, sources: ExplainSources): Promise<Explanation> {
  const { messages = {}, recent, environment } = sources;
  const described = await withCode(describe(failure, recent, !environment.online()));
  const judged = described.category ? { ...described, category: described.category } : judge(described, sources);
  const { category, retryable = false, retryAfter } = judged;
  const { code, context = {} } = described;
  const sentence = (code && (messages[code] ?? (messages[category] ? undefined : BY_CODE[code]))) || messages[category] || BY_CATEGORY[category];
  return { category, code, retryable, retryAfter, message: sentence.replace("{wait}", inWords(retryAfter)), original: failure, context };
}

/** The code in the body of a response that nobody has read. */
async function withCode(described: Described): Promise<Described> {
  const { response, code } = described;
  if (!response || code !== undefined) return described;
  return { ...described, code: response.bodyUsed ? undefined : await failureCode(response) };
}

interface Judged {
  readonly category: Category;
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
}

/** Why no answer came, in the order of the core's numbers. */
const HOW = ["network", "offline", "timeout", "aborted"] as const;

function judge({ code, status = 0, how, response, context }: Described, { core, environment }: ExplainSources): Judged {
  // An error that tells neither status nor cause came from somewhere behind the network.
  const known = status === 0 && how === undefined ? 500 : status;
  const wait = response?.headers.get("retry-after") ?? "";
  const length = core.write(`${wait}\n${code ?? ""}`);
  core.call.judge(SERVICES.indexOf(context?.service ?? "rest"), known, HOW.indexOf(how ?? "network"), length, environment.wallNow());
  const [category = -1, transient = 0, retryAfter = -1] = core.numbers();
  return { category: CATEGORIES[category] ?? "server", retryable: transient === 1, retryAfter: retryAfter < 0 ? undefined : retryAfter };
}

function inWords(retryAfter: number | undefined): string {
  if (retryAfter === undefined || !Number.isFinite(retryAfter) || retryAfter < 1_000) return "in a moment";
  const seconds = Math.ceil(retryAfter / 1_000);
  if (seconds < 90) return `in ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
  return `in ${Math.ceil(seconds / 60)} minutes`;
}

