/**
 * An answer whose body cannot hang, without a stream of its own.
 *
 * A watched stream (`body.ts`) costs more than the rest of a guarded call, and nearly every body is read whole, by one
 * method. So the answer stays what the transport gave, that method is watched instead, and the stream is made for who
 * asks for it: with `body`, with `clone()`, or by reading later than the call's limit.
 */

import type { BodyWatch, WatchedBody, watchBody } from "./body.js";
import { handsAnswersOn } from "./environment.js";

/**
 * Watches how `response` is read, which must have a body; with a stream made by `open` where it takes one. Undefined
 * where nothing else will do: where answers go on to the runtime, and where they are not the runtime's own.
 */
export function watchReading(
  response: Response,
  watch: BodyWatch,
  open: typeof watchBody,
): WatchedBody | undefined {
  if (handsAnswersOn() || Object.getPrototypeOf(response) !== Response.prototype) return undefined;
  return UnreadResponse.watched(response, watch, open);
}

/** Takes up an object that is there already, where a derived class would have made one. */
const Taken = function (response: Response) {
  return response;
} as unknown as new (response: Response) => Response;
Taken.prototype = Response.prototype;

const READERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as ("json" | "text")[];

/** The transport's own answer, with the methods that read it watched. */
class UnreadResponse extends Taken {
  readonly #watch: BodyWatch;
  readonly #open: typeof watchBody;
  /** Rejects what the method gave that reads it, once one does. */
  #reject: ((error: unknown) => void) | undefined;
  /** In whose place it is read, once its stream was asked for. */
  #stream: WatchedBody | undefined;

  constructor(response: Response, watch: BodyWatch, open: typeof watchBody) {
    super(response);
    this.#watch = watch;
    this.#open = open;
    Object.setPrototypeOf(response, UnreadResponse.prototype);
  }

  static watched(...given: ConstructorParameters<typeof UnreadResponse>): WatchedBody {
    const response = new UnreadResponse(...given);
    return {
      response,
      fail: (error) => response.#fail(error),
      isTaken: () => response.#isTaken(),
    };
  }

  static {
    for (const name of READERS) {
      const read = Response.prototype[name] as (() => Promise<string>) | undefined;
      if (!read) continue;
      UnreadResponse.prototype[name] = function (this: UnreadResponse) {
        return this.#whole(name, read);
      };
    }
  }

  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#reject ? super.body : this.#opened().body;
  }

  override get bodyUsed(): boolean {
    return this.#stream?.response.bodyUsed ?? super.bodyUsed;
  }

  override clone(): Response {
    return this.#reject ? super.clone() : this.#opened().clone();
  }

  #opened(): Response {
    this.#stream ??= this.#open(this, super.body as ReadableStream<Uint8Array>, this.#watch);
    return this.#stream.response;
  }

  #whole(name: "json" | "text", read: () => Promise<string>): Promise<string> {
    if (this.#reject) return read.call(this);
    const { onWait, onEnd, onError } = this.#watch;
    // What no form is looks as if the network had broken; and who comes late is given time for each pause.
    if (this.#stream || name === ("formData" as string) || !onWait()) return this.#opened()[name]();
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      read.call(this).then(
        (value) => {
          onEnd();
          resolve(value);
        },
        (error: unknown) => {
          // What has come and is no JSON has come.
          if (error instanceof SyntaxError) onEnd();
          else onError(error);
          reject(error);
        },
      );
    });
  }

  #fail(error: unknown): void {
    if (this.#reject) return this.#reject(error);
    this.#opened();
    this.#stream?.fail(error);
  }

  #isTaken(): boolean {
    return !this.#reject && !this.#stream && (super.bodyUsed || super.body?.locked === true);
  }
}
