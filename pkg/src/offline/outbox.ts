/** The outbox in the second WebAssembly module: commands, and what they answer. */

import type { Settings } from "../settings.js";
import type { SetAsideReason } from "./options.js";
import { fleetingPlace, openPlace } from "./place.js";

/** A write as it is stored, but for its request. */
export interface Head {
  readonly id: number;
  readonly lane: string;
  readonly who: string;
  readonly state: "queued" | "sending" | "setAside";
  readonly reason: SetAsideReason | null;
  readonly tries: number;
  readonly problem: string | null;
  readonly bytes: number;
  readonly queuedAt: number;
}

/** A write about to be queued. */
export interface NewHead {
  readonly lane: string;
  /** The rows it names: none are new ones, `*` any. */
  readonly rows: readonly string[];
  readonly who: string;
  readonly repeatable: boolean;
  /** It was sent before, and nobody knows what became of it. */
  readonly delivered: boolean;
  readonly bytes: number;
  readonly queuedAt: number;
}

/** What a queued write sends. */
export interface StoredRequest {
  readonly method: string;
  readonly url: string;
  /** Without `Authorization`: whoever replays it brings a token of its own. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | ArrayBuffer | null;
  /** The column of its client-made key; empty where it has none. */
  readonly key: string;
  /** The service's number. */
  readonly service: number;
  readonly endpoint: string;
}

/** How a write goes out: as it was made, in a form that does nothing if it was done already, or over what is there. */
export type Form = "asMade" | "again" | "forced";

export type Step = { readonly setAside: readonly Head[] } & (
  | { readonly kind: "send"; readonly id: number; readonly form: Form; readonly head: Head; readonly request?: StoredRequest }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "session" }
  | { readonly kind: "idle" }
);

export interface Decided {
  /** Nothing where the write was another replay's affair. */
  readonly verdict?: "done" | "dropped" | "again" | "session" | "ask" | "setAside";
  readonly until?: number;
  /** Any other write would meet the same. */
  readonly pause?: boolean;
  readonly reason?: SetAsideReason;
}

export interface Answered {
  readonly id: number;
  readonly kind: "answered" | "network" | "timedOut" | "notSent";
  readonly service: number;
  readonly status?: number;
  readonly code?: string | undefined;
  /** A server's header, or milliseconds. */
  readonly retryAfter?: string | number | undefined;
  readonly category?: string;
  readonly standing?: string;
  readonly problem: string;
}

/** Every command is one transaction: stored before it answers, and seen whole or not at all by other pages. */
export interface OutboxStore {
  readonly isDurable: boolean;
  add(head: NewHead, request: StoredRequest): Promise<{ readonly id?: number; readonly full?: string }>;
  holdsBack(write: Pick<NewHead, "who" | "lane" | "rows">): Promise<boolean>;
  take(desk: { me: string; alone: boolean; sessions: readonly string[]; now: number }): Promise<Step>;
  answered(answer: Answered & { me: string; now: number; seed: number }): Promise<Decided>;
  resolve(id: number, resolution: string): Promise<Decided>;
  spoil(id: number): Promise<void>;
  retry(id: number): Promise<boolean>;
  discard(id: number): Promise<boolean>;
  clear(): Promise<number>;
  list(): Promise<{ head: Head; request: StoredRequest | undefined }[]>;
}

/** The database's name; what is in it tells its own version. */
export const DATABASE = "seawall-outbox";

/** Opens the stored outbox, unless it is too `late`, or one that ends with the page and says so. */
export async function openOutbox(settings: Settings, late: Promise<never>, onRefusal: (reason: string) => void): Promise<OutboxStore> {
  const place = await Promise.race([openPlace(DATABASE), late]).catch((error: unknown) => {
    onRefusal(refused(error).message);
    return fleetingPlace();
  });
  const run = (name: string, input: object): Promise<unknown> =>
    place.run(name, figures(settings), input).catch((error: unknown) => {
      throw refused(error);
    });
  const done = async (name: string, id: number): Promise<boolean> => ((await run(name, { id })) as { done: boolean }).done;
  return {
    isDurable: place.isDurable,
    add: async (head, request) => (await run("add", { head, request })) as { id?: number; full?: string },
    holdsBack: async (write) => ((await run("holdsBack", write)) as { held: boolean }).held,
    take: async (desk) => (await run("take", desk)) as Step,
    answered: async (answer) => (await run("answered", answer)) as Decided,
    resolve: async (id, resolution) => (await run("resolve", { id, resolution })) as Decided,
    spoil: async (id) => void (await run("spoil", { id })),
    retry: (id) => done("retry", id),
    discard: (id) => done("discard", id),
    clear: async () => ((await run("clear", {})) as { count: number }).count,
    async list() {
      const { heads, requests } = (await run("list", {})) as { heads: Head[]; requests: (StoredRequest | undefined)[] };
      return heads.map((head, place) => ({ head, request: requests[place] }));
    },
  };
}

/** What IndexedDB said, or that there is none. */
function refused(error: unknown): Error {
  if (typeof error === "string") return new Error(error);
  const { name = "", message = "IndexedDB refuses" } = (error ?? {}) as Partial<Error>;
  return new Error(`${name}: ${message}`);
}

/** In the order in which the module reads them. */
function figures(settings: Settings): Float64Array {
  return Float64Array.of(
    settings.number("offline.tries"),
    settings.number("offline.baseDelay"),
    settings.number("offline.maxDelay"),
    settings.number("offline.grace"),
    settings.number("offline.order"),
    settings.number("offline.maxWrites"),
    settings.number("offline.maxBytes"),
  );
}
