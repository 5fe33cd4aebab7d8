/**
 * An answer whose body cannot hang.
 *
 * A server that sends its headers and then nothing leaves `response.json()` waiting for ever: the timeout
 * of nearly every client ends with the headers. Here the body passes through a watched stream, which
 * tells when it ended, failed, or was left by its reader. All else of the `Response` stays what it was.
 */

/** How the caller of {@link watchBody} hears of the body. */
export interface BodyWatch {
  /** The reader waits for the network, from now until a chunk, the end or a failure; tells whether it came in time. */
  onWait(): boolean | void;
  onChunk(): void;
  /** The body ended, each way at most once and only one of them. */
  onEnd(): void;
  onError(error: unknown): void;
  /** The reader left before the end. */
  onCancel(): void;
}

export interface WatchedBody {
  readonly response: Response;
  /** Ends the body with this error, and the request behind it. */
  fail(error: unknown): void;
  /** Whether the runtime reads it by itself, as `cache.put()` does, out of the guard's sight. */
  isTaken(): boolean;
}

/** Wraps the body of `response`; it must have one. */
export function watchBody(response: Response, body: ReadableStream<Uint8Array>, watch: BodyWatch): WatchedBody {
  const reader = body.getReader();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let done = false;

  const fail = (error: unknown): void => {
    if (done) return;
    done = true;
    controller.error(error);
    reader.cancel(error).catch(() => {});
  };

  const stream = new ReadableStream<Uint8Array>(
    {
      start: (own) => {
        controller = own;
      },
      async pull() {
        watch.onWait();
        try {
          const { done: ended, value } = await reader.read();
          if (done) return;
          if (ended) {
            done = true;
            controller.close();
            watch.onEnd();
          } else {
            controller.enqueue(value);
            watch.onChunk();
          }
        } catch (error) {
          if (done) return;
          done = true;
          controller.error(error);
          watch.onError(error);
        }
      },
      cancel(reason) {
        if (!done) {
          done = true;
          watch.onCancel();
        }
        return reader.cancel(reason);
      },
    },
    // One chunk ahead: a short answer ends by itself, even when nobody reads it.
    { highWaterMark: 1 },
  );

  return { response: new WatchedResponse(stream, response), fail, isTaken: () => false };
}

/** A `Response` with another body that still answers as the one it stands for. */
class WatchedResponse extends Response {
  readonly #original: Response;

  constructor(body: ReadableStream<Uint8Array> | null, original: Response) {
    super(body, { status: original.status, statusText: original.statusText, headers: original.headers });
    this.#original = original;
  }

  override get url(): string {
    return this.#original.url;
  }

  override get redirected(): boolean {
    return this.#original.redirected;
  }

  override get type(): ResponseType {
    return this.#original.type;
  }

  override clone(): Response {
    return new WatchedResponse(super.clone().body, this.#original);
  }
}
