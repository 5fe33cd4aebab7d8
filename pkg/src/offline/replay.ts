/**
 * Sends what waits: one page at a time, one write after the other, through the guard like any other call.
 *
 * Which write, in which form and what its answer means is the module's to decide; each decision is stored before it is
 * acted upon. Whoever replays holds a lock that goes with its page, so when that page dies another one goes on.
 */

import { outboxPrefer, outboxQuery } from "../../generated/store/store.js";
import type { GuardError } from "../errors.js";
import type { OfflineEvent } from "../events.js";
import { failureCode } from "../failure.js";
import type { OfflineParts } from "../offline.js";
import type { Alarm } from "../timer.js";
import type { OfflineFailure, QueuedWrite } from "./options.js";
import { offlinePage } from "./page.js";
import type { Answered, Decided, Form, Head, OutboxStore, Step, StoredRequest } from "./outbox.js";
import type { Credentials, Owners } from "./owners.js";
import { isThere } from "./verify.js";
import { joined, split } from "./write.js";

const LOCK = "seawall:outbox";
/** A session that was refused may be refreshed without anybody telling. */
const SESSION_WAIT = 15_000;

export interface ReplayParts {
  readonly parts: OfflineParts;
  readonly outbox: OutboxStore;
  readonly owners: Owners;
  /** Writes are on their way: if this page dies, another one is to go on. */
  readonly onSending: () => void;
}

export interface Replay {
  /** There may be something to send. */
  kick(): void;
  /** Sends what can be sent now. */
  run(): Promise<void>;
  close(): void;
}

type Sending = Extract<Step, { kind: "send" }> & { request: StoredRequest };

export function createReplay({ parts, outbox, owners, onSending }: ReplayParts): Replay {
  const { environment, clock, timers, emitter, settings } = parts;
  const { onConflict, onFailure } = offlinePage(parts.options.offline);
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let alarm: Alarm | undefined;

  function run(): Promise<void> {
    if (closed) return Promise.resolve();
    if (running) again = true;
    running ??= environment
      .exclusively(LOCK, loop)
      .catch(environment.report)
      .finally(() => {
        running = undefined;
        if (again) void run();
        again = false;
      });
    return running;
  }

  function comeBackIn(delay: number): void {
    timers.disarm(alarm);
    alarm = closed ? undefined : timers.arm(clock.now() + Math.max(0, delay), () => void run(), false);
  }

  async function loop(): Promise<void> {
    const me = environment.uuid();
    let told = false;
    // Without a network there is nothing to do; its return is heard.
    while (!closed && environment.online()) {
      const desk = { me, alone: environment.excludes(), sessions: await owners.present(), now: clock.wall() };
      const step = await outbox.take(desk);
      for (const head of step.setAside) await tellSetAside(head, undefined, NO_ANSWER);
      if (step.kind === "idle") return;
      if (step.kind === "session") return comeBackIn(SESSION_WAIT);
      if (step.kind === "wait") return comeBackIn(step.until - clock.wall());
      if (!told) onSending();
      told = true;
      const { request } = step;
      if (!isWhole(request)) await outbox.spoil(step.id);
      else {
        const decided = await sendOne(me, { ...step, request });
        if (decided.pause) return comeBackIn((decided.until ?? 0) - clock.wall());
      }
    }
  }

  async function sendOne(me: string, step: Sending): Promise<Decided> {
    const { head, request } = step;
    const credentials = await owners.credentials(head.who);
    const ended = credentials ? await attempt(step, credentials) : NO_CREDENTIALS;
    // The guard was closed: the page goes, and whoever comes next finds a write of unknown fate.
    if (closed || ended === undefined) return {};
    const standing = settings.word("offline.conflict", { service: "rest", endpoint: request.endpoint });
    const { failure, ...answer } = ended;
    const decided = await outbox.answered({
      ...answer,
      id: step.id,
      me,
      service: request.service,
      standing,
      problem: failure.message,
      now: clock.wall(),
      seed: environment.random(),
    });
    if (decided.verdict === "session") owners.reject(head.who, credentials ?? {});
    await tell(decided, head, request, failure);
    return decided;
  }

  async function attempt({ request, form }: Sending, credentials: Credentials): Promise<Ended | undefined> {
    try {
      const response = await parts.fetch(addressOf(request, form), {
        method: request.method,
        headers: headersOf(request, form, credentials),
        body: request.body,
        // A repetition is decided about here, with the outbox knowing of it.
        seawall: { offline: false, idempotent: false, batch: false },
      } as RequestInit);
      const ended = await answerOf(response);
      if (ended.code !== DUPLICATE || form === "forced") return ended;
      return (await isThere(request, (url) => read(url, request, credentials))) ? DONE : ended;
    } catch (error) {
      return brokenOff(error as Partial<GuardError>);
    }
  }

  function read(url: string, request: StoredRequest, credentials: Credentials): Promise<Response> {
    const headers = headersOf(request, "asMade", credentials);
    for (const name of ["prefer", "content-type", "accept"]) headers.delete(name);
    return parts.fetch(url, { headers, seawall: { cache: "no-store", coalesce: false, batch: false } } as RequestInit);
  }

  async function tell(decided: Decided, head: Head, request: StoredRequest, failure: OfflineFailure): Promise<void> {
    switch (decided.verdict) {
      case "done":
        return emit("replayed", head.id, request, "");
      case "dropped":
        return emit("dropped", head.id, request, failure.message);
      case "again":
      case "session":
        return emit("failed", head.id, request, failure.message);
      case "setAside":
        return tellSetAside({ ...head, state: "setAside", reason: decided.reason ?? null }, request, failure);
      case "ask":
        emit("conflict", head.id, request, failure.message);
        void askAbout({ ...head, state: "setAside", reason: "conflict" }, request, failure).catch(environment.report);
        return;
      case undefined:
        return;
    }
  }

  /** Whoever is asked may take their time: other writes go on meanwhile, and the write is kept whatever happens. */
  async function askAbout(head: Head, request: StoredRequest, failure: OfflineFailure): Promise<void> {
    if (!onConflict) return tellSetAside(head, request, failure);
    const resolution = await onConflict(shownWrite(head, request), failure);
    const decided = await outbox.resolve(head.id, resolution);
    await tell(decided, head, request, failure);
    void run();
  }

  async function tellSetAside(head: Head, known: StoredRequest | undefined, failure: OfflineFailure): Promise<void> {
    const request = known ?? (await outbox.list()).find((one) => one.head.id === head.id)?.request;
    emit("setAside", head.id, request, head.reason ?? "");
    try {
      onFailure?.(shownWrite(head, request), failure);
    } catch (error) {
      environment.report(error);
    }
  }

  function emit(state: OfflineEvent["state"], id: number, request: StoredRequest | undefined, reason: string): void {
    const { method = "", url = "" } = request ?? {};
    emitter.emit({ type: "offline", state, id, method, url, reason, at: clock.wall() });
  }

  return {
    kick: () => void run(),
    run,
    close() {
      closed = true;
      timers.disarm(alarm);
    },
  };
}

/** How an attempt ended, in the module's words and in a person's. */
type Ended = Omit<Answered, "id" | "service" | "problem"> & { readonly failure: OfflineFailure };

const NO_ANSWER: OfflineFailure = { status: 0, code: undefined, message: "the answer was lost with its page" };

const NO_CREDENTIALS: Ended = {
  kind: "notSent",
  category: "auth",
  failure: { status: 0, code: undefined, message: "there is no token of its user's" },
};

/** A row of this key is there already. */
const DUPLICATE = "23505";

/** The row that is there is the one that was sent. */
const DONE: Ended = { kind: "answered", status: 201, failure: { status: 201, code: undefined, message: "" } };

/** What was stored by another version, or damaged, may be anything. */
function isWhole(request: Partial<StoredRequest> | undefined): request is StoredRequest {
  return typeof request?.url === "string" && typeof request.method === "string" && Array.isArray(request.headers);
}

function addressOf({ url, key, headers }: StoredRequest, form: Form): string {
  const [address, query] = split(url);
  return joined(address, outboxQuery(query, form, key, new Headers(pairs(headers)).get("prefer") ?? ""));
}

function headersOf({ headers, key }: StoredRequest, form: Form, credentials: Credentials): Headers {
  const sent = new Headers(pairs(headers));
  const prefer = outboxPrefer(sent.get("prefer") ?? "", form, key);
  if (prefer !== "") sent.set("prefer", prefer);
  for (const [name, value] of Object.entries(credentials)) {
    if (name === "authorization" || !sent.has(name)) sent.set(name, value);
  }
  return sent;
}

function pairs(headers: StoredRequest["headers"]): [string, string][] {
  return headers.map(([name, value]) => [name, value]);
}

async function answerOf(response: Response): Promise<Ended> {
  const code = response.status >= 400 ? await failureCode(response) : undefined;
  const retryAfter = response.headers.get("retry-after") ?? undefined;
  // The status says what became of it; a body that breaks off changes nothing about that.
  const message = await response.text().catch(() => "");
  const failure = { status: response.status, code, message: response.ok ? "" : message.slice(0, 1_000) };
  return { kind: "answered", status: response.status, code, retryAfter, failure };
}

/** What the guard threw; undefined when the guard was closed. */
function brokenOff({ category, code, message, retryAfter, context }: Partial<GuardError>): Ended | undefined {
  const failure = { status: 0, code, message: message ?? "" };
  if (category === "aborted") return undefined;
  if (context?.attempts === 0) return { kind: "notSent", category: category ?? "network", retryAfter, failure };
  return { kind: category === "timeout" ? "timedOut" : "network", failure };
}

export function shownWrite(head: Head, request: StoredRequest | undefined): QueuedWrite {
  const { id, state, reason, tries, problem, bytes, queuedAt } = head;
  const { method = "", url = "", body = null } = request ?? {};
  return { id, method, url, body, state, reason, tries, problem, bytes, queuedAt };
}
