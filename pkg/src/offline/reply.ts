/**
 * What the caller of a queued write gets: `202 Accepted`, and where a representation was asked for, what was sent.
 *
 * It is what the server would show if it changed nothing by itself: defaults, triggers and embeds are not in it.
 */

import type { Passage } from "../stage.js";

/** The header that tells a queued write from one that was done. */
export const OFFLINE_HEADER = "x-seawall-offline";

export function acceptedReply({ request }: Passage, id: number, body: string | ArrayBuffer | null, durable: boolean): Response {
  const headers = new Headers({ [OFFLINE_HEADER]: `queued; id=${id}${durable ? "" : "; fleeting"}` });
  const shown = wantsRepresentation(request.header("prefer")) ? optimistic(request, body) : null;
  if (shown !== null) headers.set("content-type", "application/json; charset=utf-8");
  return new Response(shown, { status: 202, statusText: "Accepted", headers });
}

function wantsRepresentation(prefer: string | null): boolean {
  return /\breturn=representation\b/.test(prefer ?? "");
}

function optimistic(request: Passage["request"], body: string | ArrayBuffer | null): string | null {
  const wantsOne = (request.header("accept") ?? "").includes("vnd.pgrst.object");
  try {
    const value: unknown = typeof body === "string" && body !== "" ? JSON.parse(body) : [];
    const rows: unknown[] = Array.isArray(value) ? value : [value];
    return JSON.stringify(wantsOne ? (rows[0] ?? null) : rows);
  } catch {
    return null;
  }
}
