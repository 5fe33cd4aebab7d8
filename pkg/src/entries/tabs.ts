/** What tabs say to each other, in a file of its own: loaded when there is another tab. */

export { createTalk } from "../tabs.talk.js";
