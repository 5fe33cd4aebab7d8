import { createGuard, createProtectedClient } from "seawall";

import { exercise } from "../scenario.js";

export default {
  async fetch(request) {
    const backend = new URL(request.url).searchParams.get("backend");
    const quiet = { auth: { persistSession: false, autoRefreshToken: false } };
    const createClient = () => createProtectedClient(backend, "anon-key", quiet);
    return Response.json(await exercise({ createGuard, createClient }, backend));
  },
};
