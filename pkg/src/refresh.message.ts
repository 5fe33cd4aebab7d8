/**
 * What tabs tell each other about a refresh of the session.
 *
 * The answer carries the fresh session from tab to tab of one origin, as supabase-js's own channel does; it is never
 * stored. What comes over a channel is read with care all the same: another version may run in the other tab.
 */

/** An answer of the auth service that can be handed on. */
export interface Answer {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: string;
}

export type Message =
  | { readonly kind: "answer"; readonly key: string; readonly answer: Answer }
  | { readonly kind: "failed"; readonly key: string; readonly reason: string }
  /** Who has heard the answer tells it once more. */
  | { readonly kind: "asked"; readonly key: string };

/** These describe the bytes on the wire, not the text that is handed on. */
const OF_THE_WIRE = new Set(["content-encoding", "content-length", "transfer-encoding"]);

export async function readAnswer(response: Response): Promise<Answer> {
  const headers = [...response.headers].filter(([name]) => !OF_THE_WIRE.has(name));
  return { status: response.status, headers, body: await response.text() };
}

export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body === "" ? null : body, { status, headers });
}

export function readMessage(data: unknown): Message | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { kind, key, answer, reason } = data as Record<string, unknown>;
  if (typeof key !== "string") return undefined;
  if (kind === "asked") return { kind, key };
  if (kind === "failed" && typeof reason === "string") return { kind, key, reason };
  return kind === "answer" && isAnswer(answer) ? { kind, key, answer } : undefined;
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers, body } = value as Record<string, unknown>;
  const isStatus = typeof status === "number" && status >= 200 && status <= 599;
  return isStatus && typeof body === "string" && Array.isArray(headers) && headers.every(isHeader);
}

function isHeader(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}
