/** What only parts that load later need of the real world. */

import { type Environment, type LateEnvironment, locks } from "./environment.js";

/** The whole of it. */
export function wholeEnvironment(environment: Environment): Environment {
  return { ...late, ...environment };
}

const late: LateEnvironment = {
  onOnline: listenForNetwork,
  excludes: () => locks() !== undefined,
  atWork: async () => (await locks()?.query())?.held?.map(({ name = "" }) => name),
  uuid: () => crypto.randomUUID?.() ?? randomUuid(),
  persist: () => {
    if (typeof navigator !== "undefined") navigator.storage?.persist?.().catch(() => {});
  },
};

function listenForNetwork(listener: () => void): () => void {
  if (typeof addEventListener !== "function") return () => {};
  addEventListener("online", listener);
  return () => removeEventListener("online", listener);
}

/** A page that is not served securely has no `randomUUID`. */
function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
