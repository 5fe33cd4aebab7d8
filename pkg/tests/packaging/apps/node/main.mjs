import { createGuard, createProtectedClient } from "seawall";
import WebSocket from "ws";

import { exercise } from "../scenario.js";

const backend = process.argv[2];
const quiet = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };
const createClient = () => createProtectedClient(backend, "anon-key", quiet);
console.log(JSON.stringify(await exercise({ createGuard, createClient }, backend)));
