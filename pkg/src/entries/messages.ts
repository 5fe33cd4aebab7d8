/** `seawall/messages`: failures told apart and put into words; a guard loads it when it is first asked to explain. */

export { ENGLISH, explain } from "../messages.js";
export type { ExplainParts, Explanation, ExplanationContext, Messages } from "../messages.js";
