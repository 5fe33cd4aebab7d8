/** What is done for refreshes of a session, in a file of its own: a page loads it when its session is to be refreshed. */

export { createRefresh } from "../refresh.js";
