/**
 * The way from anything that went wrong to a sentence for a person: loaded when first asked.
 *
 * The guard keeps the last few failures in mind, since what supabase-js makes of an answer has lost where it came
 * from: endpoint, attempts and request id are found again here.
 */

import type { Core } from "./core.js";
import type { Environment } from "./environment.js";
import type { Emitter, FailureEvent } from "./events.js";
import type { Explanation, Messages } from "./messages.js";
import { loadRest } from "./rest.js";

/**
 * Tells a failure apart and puts it into words; `guard.explain` is one.
 *
 * @example
 * ```ts
 * import type { Explain } from "seawall";
 *
 * const inWords = async (explain: Explain, failure: unknown) => (await explain(failure)).message;
 * show(await inWords(guard.explain, new Error("lost")));
 * ```
 */
export type Explain = (failure: unknown) => Promise<Explanation>;

export interface ExplainOptions {
  readonly messages?: Messages | (() => Messages | Promise<Messages>) | undefined;
  readonly onError?: ((explanation: Explanation) => void) | undefined;
}

interface ExplainParts {
  readonly core: Core;
  readonly emitter: Emitter;
  readonly environment: Environment;
}

/** More than fail between an error and its explanation. */
const MOST_KEPT = 32;

export function createExplain(parts: ExplainParts, options: ExplainOptions): Explain {
  const { emitter, environment } = parts;
  const { report } = environment;
  const recent: FailureEvent[] = [];
  const explain: Explain = async (failure) => {
    const { messages } = options;
    try {
      const own = typeof messages === "function" ? await messages() : messages;
      const [{ forGuard }] = await Promise.all([import("./entries/messages.js"), loadRest()]);
      return await forGuard(failure, { ...parts, messages: own, recent });
    } catch (error) {
      report(error);
      return unexplained(failure);
    }
  };
  emitter.on("failure", (event) => {
    recent.push(event);
    if (recent.length > MOST_KEPT) recent.shift();
    if (options.onError) explain(event).then(options.onError).catch(report);
  });
  return explain;
}

/** What can be said where the sentences cannot be loaded: just when the network is what failed. */
function unexplained(failure: unknown): Explanation {
  const { category = "server", code, message, retryable = false, retryAfter, context = {} } = (failure ?? {}) as Partial<FailureEvent & Explanation>;
  return { category, code, retryable, retryAfter, message: message ?? String(failure), original: failure, context };
}
