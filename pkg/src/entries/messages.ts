/** `seawall/messages`: failures told apart and put into words; a guard loads it when it is first asked to explain. */

import { createGuard } from "../guard.js";
import { type ExplainParts, type Explanation, explainWith } from "../messages.js";

export { ENGLISH } from "../messages.js";
export type { ExplainParts, Explanation, ExplanationContext, Messages } from "../messages.js";

/**
 * Explains a failure where there is no guard to ask. Never throws: what nobody understands is a failure of the
 * server's kind.
 *
 * @example
 * ```ts
 * import { explain } from "seawall/messages";
 *
 * const { error } = await supabase.from("messages").insert({ text: "hello" });
 * if (error) show((await explain(error)).message);
 * ```
 */
export async function explain(failure: unknown, { messages = {} }: ExplainParts = {}): Promise<Explanation> {
  const guard = createGuard({ storage: "memory", messages });
  try {
    return await guard.explain(failure);
  } finally {
    guard.close();
  }
}

/**
 * For the guard alone, which brings what it knows.
 *
 * @example
 * ```ts
 * const { message } = await guard.explain(new Error("lost"));
 * ```
 */
export const forGuard = explainWith;
