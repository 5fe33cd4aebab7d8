/** The part that touches disk or is rarely needed, in a file of its own: loaded when first used. */

export { open } from "../storage.js";
