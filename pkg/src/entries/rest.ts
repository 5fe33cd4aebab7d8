/** `seawall/rest`: what no first call needs, in a file of its own; a guard loads it when the first request is on its way. */

import secondHalf from "../../generated/guard/rest_bg.wasm";

import type { Rest } from "../rest.js";
import { parseCallOptions } from "../call-options.read.js";
import { steps } from "../call.steps.js";
import { createPolicySource } from "../policy.js";
import { createRuns } from "../run.js";
import { openState } from "../state.js";
import { joinAsMember } from "../tabs.member.js";
import { watchReading } from "../unread.js";

/**
 * The part itself, for an application that would rather have it in its own bundle than load it later.
 *
 * @example
 * ```ts
 * import { createGuard, offerRest } from "seawall/guard";
 * import { rest } from "seawall/rest";
 *
 * offerRest(rest);
 * createGuard();
 * ```
 */
export const rest: Rest = { createPolicySource, createRuns, joinTabs: joinAsMember, openState, parseCallOptions, secondHalf, steps, watchReading };
