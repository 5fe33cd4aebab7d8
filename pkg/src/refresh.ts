/**
 * One refresh of a session at a time, in all tabs together.
 *
 * A session expires for every open tab in the same second, and each asks for a fresh one; a refresh token is good
 * once, so all but the first are at best wasted and at worst taken for theft. Here the first tab asks, the others
 * wait for what it hears and take that for their own; only the tab that holds the lock, or has waited long enough,
 * sends. A refusal for too many requests keeps all tabs away for minutes and reaches supabase-js as a failure that
 * may pass, since it signs its user out on any other.
 *
 * supabase-js repeats failed refreshes by itself, so none is repeated here.
 */

import { CallFlag } from "./core.js";
import { type FailureContext, GuardClosedError, NetworkError, RateLimitedError } from "./errors.js";
import { type Answer, type Message, readAnswer, readMessage, toResponse } from "./refresh.message.js";
import { bodyOf } from "./request.body.js";
import type { Next, Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import type { StoreModule } from "./storage.js";
import type { Alarm } from "./timer.js";
import { digest } from "./user.js";

export interface RefreshParts extends Omit<StageParts, "options"> {
  loadStore(): Promise<StoreModule>;
}

const CHANNEL = "seawall:refresh";

/** How long the lock is kept after the answer: long enough for the others to hear it before they get the lock. */
const LINGER = 100;

/** How long a tab that comes late waits for the others to tell it what they have heard. */
const RETELL = 1_000;

/** A refresh that this tab waits for. */
interface Flight {
  readonly answer: Promise<Answer>;
  settle(answer: Answer): void;
  fail(error: unknown): void;
}

export function createRefresh(parts: RefreshParts): Stage {
  const { environment, clock, timers, settings } = parts;
  const channel = environment.channel(CHANNEL);
  const flights = new Map<string, Flight>();
  /** What was heard a moment ago, here or in another tab. */
  const heard = new Map<string, Answer>();
  const pauses = createPauses(parts);
  const marks = createMarks(parts);

  channel?.listen((data) => {
    const message = readMessage(data);
    if (message) hear(message);
  });
  parts.identities.onSignOut(() => heard.clear());
  parts.onClose(() => {
    channel?.close();
    // Another tab may hold the lock for long: nobody waits for its answer in a guard that is closed.
    for (const flight of [...flights.values()]) flight.fail(new GuardClosedError());
  });

  function hear(message: Message): void {
    if (message.kind === "asked") return tell(message.key, heard.get(message.key));
    const flight = flights.get(message.key);
    if (message.kind === "failed") return flight?.fail(new TypeError(message.reason));
    flight?.settle(message.answer);
    keep(message.key, message.answer);
  }

  function tell(key: string, answer: Answer | undefined): void {
    if (answer) channel?.post({ kind: "answer", key, answer } satisfies Message);
  }

  function keep(key: string, answer: Answer): void {
    heard.set(key, answer);
    const forget = (): void => {
      if (heard.get(key) === answer) heard.delete(key);
    };
    timers.arm(clock.now() + settings.number("refresh.patience"), forget, false);
  }

  /** Sends, and lets the other tabs hear what came of it. */
  async function ask(key: string, passage: Passage, next: Next): Promise<Answer> {
    const request = passage.request.with({ signal: null });
    try {
      const answer = await readAnswer(await next({ ...passage, request, flags: passage.flags | CallFlag.Repetition }));
      if (answer.status === 429) await pauses.begin(passage, answer);
      else pauses.end(passage);
      // A refusal is known to all by its pause; a service that is unwell may be well for the next.
      if (answer.status < 500 && answer.status !== 429) {
        keep(key, answer);
        marks.set(key);
      }
      tell(key, answer);
      return answer;
    } catch (error) {
      channel?.post({ kind: "failed", key, reason: error instanceof Error ? error.message : String(error) } satisfies Message);
      throw error;
    }
  }

  function fly(key: string, passage: Passage, next: Next): Promise<Answer> {
    let alarm: Alarm | undefined;
    let isOver = false;
    let isSent = false;
    const flight = createFlight(() => {
      isOver = true;
      timers.disarm(alarm);
      flights.delete(key);
    });
    flights.set(key, flight);
    const send = async (): Promise<void> => {
      if (isOver || isSent) return;
      isSent = true;
      await ask(key, passage, next).then(flight.settle, flight.fail);
    };
    const inTurn = async (): Promise<void> => {
      // The answer was told before this tab listened: it was a moment ago, and is told again.
      if (!isOver && channel && marks.has(key)) {
        channel.post({ kind: "asked", key } satisfies Message);
        const retold = new Promise<void>((resolve) => timers.arm(clock.now() + RETELL, resolve));
        await Promise.race([retold, flight.answer.then(() => {}, () => {})]);
      }
      await send();
      if (isSent) await new Promise<void>((resolve) => timers.arm(clock.now() + LINGER, resolve, false));
    };
    const patience = settings.number("refresh.patience");
    if (patience === 0) void send();
    else {
      // A tab that holds the lock may be frozen: nobody waits for it longer than this.
      alarm = timers.arm(clock.now() + patience, () => void send());
      environment.exclusively(`${CHANNEL}:${key}`, inTurn).catch(send);
    }
    return flight.answer;
  }

  return async (passage, next) => {
    const token = await refreshTokenOf(passage);
    if (token === undefined) return next(passage);
    const left = await pauses.left(passage);
    if (left > 0) throw refused(parts, passage, left);
    const key = `${originOf(passage)}:${digest(token)}`;
    const answer = heard.get(key) ?? (await abortable(passage, flights.get(key)?.answer ?? fly(key, passage, next)).catch((error) => {
      throw error instanceof TypeError ? new NetworkError("network", contextOf(passage), error) : error;
    }));
    // supabase-js takes a 429 for the end of the session; another caller gets the answer as it is.
    if (answer.status === 429 && passage.request.fromSupabase) throw refused(parts, passage, await pauses.left(passage));
    return toResponse(answer);
  };
}

function createFlight(onEnd: () => void): Flight {
  let settle: (answer: Answer) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const answer = new Promise<Answer>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  answer.then(onEnd, onEnd);
  return { answer, settle, fail };
}

/** Its caller may leave; the refresh goes on for the others. */
function abortable({ request: { signal } }: Passage, answer: Promise<Answer>): Promise<Answer> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    signal.addEventListener("abort", leave);
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

/** The pause all tabs keep, where they can see it: in storage, or else in this page. */
function createPauses({ environment, clock, settings, loadStore }: RefreshParts) {
  const memory = new Map<string, string>();
  const storage = environment.storage();
  const keyOf = (passage: Passage): string => `seawall:refresh:${originOf(passage)}`;
  const read = (key: string): string => attempt(() => storage?.getItem(key)) ?? memory.get(key) ?? "";

  return {
    /** Milliseconds for which nobody asks. */
    async left(passage: Passage): Promise<number> {
      const text = read(keyOf(passage));
      return text === "" ? 0 : (await loadStore()).refreshPauseLeft(text, clock.wall());
    },
    async begin(passage: Passage, { headers }: Answer): Promise<void> {
      const key = keyOf(passage);
      const text = (await loadStore()).refreshPause({
        previous: read(key),
        asked: new Headers(headers).get("retry-after") ?? "",
        first: settings.number("refresh.pause"),
        most: settings.number("refresh.maxPause"),
        wall: clock.wall(),
        random: environment.random(),
      });
      memory.set(key, text);
      attempt(() => storage?.setItem(key, text));
    },
    end(passage: Passage): void {
      const key = keyOf(passage);
      if (read(key) === "") return;
      memory.delete(key);
      attempt(() => storage?.removeItem(key));
    },
  };
}

/** Which refresh was answered last, and when, for tabs that came too late to hear it. Nothing of the answer is in it. */
function createMarks({ environment, clock, settings }: RefreshParts) {
  const storage = environment.storage();
  const name = "seawall:refreshed";
  return {
    set: (key: string): void => attempt(() => storage?.setItem(name, `${clock.wall()} ${key}`)),
    has(key: string): boolean {
      const [at = "", ...rest] = (attempt(() => storage?.getItem(name)) ?? "").split(" ");
      const age = clock.wall() - Number(at);
      return rest.join(" ") === key && age >= 0 && age < settings.number("refresh.patience");
    },
  };
}

/** Storage may be full, or taken away. */
function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}

function refused({ emitter, clock }: RefreshParts, passage: Passage, retryAfter: number): RateLimitedError {
  const { service, class: operation, endpoint, method } = passage.route;
  const facts = { service, class: operation, endpoint, method, at: clock.wall() };
  emitter.emit({ type: "refusal", ...facts, reason: "rate_limited", retryAfter });
  return new RateLimitedError(retryAfter, contextOf(passage));
}

function contextOf({ route, waited }: Passage): FailureContext {
  const { service, class: operation, endpoint, method } = route;
  return { service, class: operation, endpoint, method, attempts: 0, elapsed: waited };
}

async function refreshTokenOf({ request }: Passage): Promise<string | undefined> {
  if (request.method !== "POST" || request.flags & CallFlag.OneShot) return undefined;
  try {
    const bytes = await bodyOf(request);
    const { refresh_token: token } = JSON.parse(new TextDecoder().decode(bytes ?? undefined)) as { refresh_token?: unknown };
    return typeof token === "string" && token !== "" ? token : undefined;
  } catch {
    return undefined;
  }
}

/** Which service it is that refuses: everything before its path. */
function originOf({ request: { url } }: Passage): string {
  return url.slice(0, url.indexOf("/auth/v1/"));
}
