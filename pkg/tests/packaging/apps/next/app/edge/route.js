import { createGuard, createProtectedClient } from "seawall";

import { exercise } from "../../../scenario.js";

export const runtime = "edge";
export const dynamic = "force-dynamic";

class NoSocket {}

export async function GET(request) {
  const backend = new URL(request.url).searchParams.get("backend");
  const quiet = { auth: { persistSession: false, autoRefreshToken: false }, realtime: { transport: NoSocket } };
  const createClient = () => createProtectedClient(backend, "anon-key", quiet);
  return Response.json(await exercise({ createGuard, createClient }, backend));
}
