/** The part that makes requests and changes their shape, in a file of its own: loaded when first used. */

export { open } from "../shapes.js";
