import { work } from "./work.js";

addEventListener("message", (event) => event.waitUntil(work(event.data.backend)));
