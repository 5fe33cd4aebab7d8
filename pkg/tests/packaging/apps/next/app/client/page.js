"use client";

import { createGuard, createProtectedClient } from "seawall";
import { useEffect } from "react";

import { exercise, report } from "../../../scenario.js";

export default function Page() {
  useEffect(() => {
    const backend = new URL(location).searchParams.get("backend");
    const createClient = () => createProtectedClient(backend, "anon-key");
    report(backend, () => exercise({ createGuard, createClient }, backend));
  }, []);
  return <p>Rendered on the server, guarded in the browser.</p>;
}
