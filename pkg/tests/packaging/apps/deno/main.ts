import { createGuard, createProtectedClient, type Guard } from "seawall";

// @ts-types="./scenario.d.ts"
import { exercise } from "../scenario.js";

const backend = Deno.args[0]!;
const create: () => Guard = createGuard;
const createClient = () =>
  createProtectedClient(backend, "anon-key", { auth: { persistSession: false, autoRefreshToken: false } });
console.log(JSON.stringify(await exercise({ createGuard: create, createClient }, backend)));
