import { createGuard, createProtectedClient } from "seawall";

import { exercise, report } from "../scenario.js";

export function work(backend) {
  const quiet = { auth: { persistSession: false, autoRefreshToken: false } };
  const createClient = () => createProtectedClient(backend, "anon-key", quiet);
  return report(backend, () => exercise({ createGuard, createClient }, backend));
}
