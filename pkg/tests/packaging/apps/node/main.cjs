const { createGuard, createProtectedClient } = require("seawall");
const WebSocket = require("ws");

const backend = process.argv[2];
const quiet = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };
const createClient = () => createProtectedClient(backend, "anon-key", quiet);
import("../scenario.js")
  .then(({ exercise }) => exercise({ createGuard, createClient }, backend))
  .then((result) => console.log(JSON.stringify(result)));
