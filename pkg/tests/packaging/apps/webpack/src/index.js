import { createGuard, createProtectedClient } from "seawall";

import { exercise, report } from "../../scenario.js";

const backend = new URL(location).searchParams.get("backend");
const createClient = () => createProtectedClient(backend, "anon-key");
report(backend, () => exercise({ createGuard, createClient }, backend));
