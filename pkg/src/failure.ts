/** The code a failed answer carries, read from a copy: the body stays whole for the caller. */

/** PostgREST's, the auth service's and storage's error bodies are far shorter. */
const LONGEST_BODY = 64 * 1024;

/** The code in the body of `response`, or in PostgREST's header where there is no body. */
export async function failureCode(response: Response): Promise<string | undefined> {
  if (!mayCarryCode(response)) return codeInHeader(response.headers);
  try {
    return codeIn(await response.clone().json()) ?? codeInHeader(response.headers);
  } catch {
    return codeInHeader(response.headers);
  }
}

function mayCarryCode({ body, headers }: Response): boolean {
  if (body === null || !/\bjson\b/i.test(headers.get("content-type") ?? "")) return false;
  const length = headers.get("content-length");
  return length === null || Number(length) <= LONGEST_BODY;
}

/**
 * Each service names it differently: `code` (PostgREST, PostgreSQL, newer auth and storage), `error_code`
 * (auth, where `code` is the status), `error` (older auth and storage).
 */
function codeIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { code, error_code: errorCode, error } = body as Record<string, unknown>;
  return [code, errorCode, error].find((name): name is string => typeof name === "string" && name !== "");
}

/** PostgREST answers HEAD with `Proxy-Status: PostgREST; error=PGRST116`. */
function codeInHeader(headers: Headers): string | undefined {
  return /\berror=([\w]+)/.exec(headers.get("proxy-status") ?? "")?.[1];
}
