/**
 * Server-sent events over `fetch`: an `EventSource` takes no Authorization header.
 *
 * A stream that ends, fails or falls silent is opened again, after a wait that grows to fifteen seconds. What was
 * missed meanwhile nobody can tell, so whoever listens hears of each opening and asks for everything once more.
 */

import type { Api } from "./api.js";

const PATH = "admin/events";
/** The server says something every fifteen seconds. */
const SILENCE = 45_000;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 15_000;
/** No event is so long; what is longer is not one of ours. */
const LONGEST_LINE = 64 * 1024;

export interface ServerEvent {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Listener {
  opened(): void;
  heard(event: ServerEvent): void;
  /** It is closed, and will be tried again. */
  lost(): void;
}

/** Listens until the function it returns is called. */
export function listen(api: Api, listener: Listener): () => void {
  let stopped = false;
  let attempt = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT;

  async function once(): Promise<void> {
    attempt = new AbortController();
    const { signal } = attempt;
    let silence = setTimeout(() => attempt.abort(), SILENCE);
    try {
      const reader = (await api.stream(PATH, signal)).pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
      const parse = parser((event) => !stopped && listener.heard(event));
      wait = FIRST_WAIT;
      if (!stopped) listener.opened();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => attempt.abort(), SILENCE);
        parse(value);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  function again(): void {
    if (stopped) return;
    listener.lost();
    // A little apart from the other dashboards that lost the same server.
    timer = setTimeout(run, wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }

  function run(): void {
    once().then(again, again);
  }

  run();
  return () => {
    stopped = true;
    clearTimeout(timer);
    attempt.abort();
  };
}

/** Takes text as it comes and gives whole events; comments and what is not JSON are left out. */
export function parser(heard: (event: ServerEvent) => void): (text: string) => void {
  let rest = "";
  let kind = "";
  let data: string[] = [];

  function line(text: string): void {
    if (text === "") return dispatch();
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(text) ?? [];
    if (field === "event") kind = value;
    if (field === "data") data.push(value);
  }

  function dispatch(): void {
    const event = read(kind, data.join("\n"));
    kind = "";
    data = [];
    if (event) heard(event);
  }

  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new RangeError("a line of the stream is too long");
    lines.forEach(line);
  };
}

function read(kind: string, text: string): ServerEvent | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null ? { kind, data: data as Record<string, unknown> } : undefined;
  } catch {
    return undefined;
  }
}
