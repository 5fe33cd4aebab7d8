/** Answers made from other answers: as if the server had sent them to this request. */

export interface Made {
  readonly body: BodyInit | null;
  readonly status?: number;
  readonly headers: Headers;
}

/** An answer to the request for `url`, where `original` is what the server sent. */
export function answerLike(original: Response, url: string, { body, status = original.status, headers }: Made): Response {
  const made = new Response(body, { status, statusText: original.statusText, headers });
  // The constructor knows no address; a fetched answer has one.
  Object.defineProperty(made, "url", { value: url });
  Object.defineProperty(made, "type", { value: original.type });
  return made;
}

/** The headers of an answer for one whose body has another length; what described the old one alone is gone. */
export function headersLike(original: Response, length: number): Headers {
  const headers = new Headers(original.headers);
  for (const name of ["content-encoding", "etag", "server-timing"]) headers.delete(name);
  if (headers.has("content-length")) headers.set("content-length", String(length));
  return headers;
}

/** PostgREST's `Content-Location`: the path below the API's root, and the query, its pairs by name. */
export function relocate(headers: Headers, url: string): void {
  const location = headers.get("content-location");
  if (location === null) return;
  const [path = ""] = location.split("?");
  const query = url.split("?")[1] ?? "";
  const pairs = [...new URLSearchParams(query)].sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  const written = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`);
  headers.set("content-location", written.length === 0 ? path : `${path}?${written.join("&")}`);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
