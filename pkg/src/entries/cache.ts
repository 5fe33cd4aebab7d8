/** The cache, in a file of its own: loaded when it is asked for. */

export { openCache } from "../cache/open.js";
