/**
 * The globals that only metrics need. They are not in `environment.ts` because that loads before the first guarded
 * call, and these are asked for long after it.
 */

/** 128 random bits in hexadecimal. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** SHA-256, or undefined where the page is not allowed cryptography. */
export async function digest(text: string): Promise<Uint8Array | undefined> {
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  return subtle && new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Whether a fetch may outlive its page here. */
export function fetchOutlivesPage(): boolean {
  return typeof Request === "function" && "keepalive" in Request.prototype;
}

/** Hands a body to the browser to deliver when it likes; false where that cannot be. */
export function beacon(address: string, body: string): boolean {
  if (typeof navigator === "undefined" || typeof navigator.sendBeacon !== "function") return false;
  return navigator.sendBeacon(address, new Blob([body], { type: "application/json" }));
}
