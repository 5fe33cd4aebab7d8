import { createGuard, createProtectedClient } from "seawall";
import WebSocket from "ws";

import { exercise } from "../../scenario.js";

export const dynamic = "force-dynamic";

export default async function Page() {
  const backend = process.env.BACKEND;
  const quiet = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: WebSocket } };
  const createClient = () => createProtectedClient(backend, "anon-key", quiet);
  const result = await exercise({ createGuard, createClient }, backend);
  return <pre>{`<<${JSON.stringify(result)}>>`}</pre>;
}
