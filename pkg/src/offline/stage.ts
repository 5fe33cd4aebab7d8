/**
 * The stage: a write goes to the network if it can, and into the outbox if it must.
 *
 * It must when the device has no network, when the server could not be reached, and when an older write to the same
 * table still waits. Of a write that may have been done already, only one that can be repeated to no effect is queued.
 */

import type { GuardError } from "../errors.js";
import type { OfflineParts } from "../offline.js";
import { isKeepable } from "../request.body.js";
import type { Passage, Stage } from "../stage.js";
import type { OutboxStore } from "./outbox.js";
import type { Owners } from "./owners.js";
import { acceptedReply } from "./reply.js";
import { laneOf, readWrite, type Writing } from "./write.js";

export interface OfflineStageParts {
  readonly parts: OfflineParts;
  readonly outbox: OutboxStore;
  readonly owners: Owners;
  /** A write was queued. */
  readonly onQueued: () => void;
}

export function createOfflineStage({ parts, outbox, owners, onQueued }: OfflineStageParts): Stage {
  const { environment, settings, emitter, clock } = parts;
  const turns = new Map<string, Promise<unknown>>();

  /** Writes to one table are looked at in the order in which they were made. */
  function inTurn<T>(lane: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(lane) ?? Promise.resolve()).then(work, work);
    turns.set(lane, turn);
    const leave = (): void => void (turns.get(lane) === turn && turns.delete(lane));
    turn.then(leave, leave);
    return turn;
  }

  async function queue(lane: string, writing: Writing, delivered: boolean, cause?: unknown): Promise<Response> {
    const { passage, stored, repeatable, rows, bytes } = writing;
    passage.request.signal?.throwIfAborted();
    if (!passage.user.known) throw parts.notQueued("nobody can tell whose it is", cause);
    const head = { lane, rows, who: owners.of(passage.user), repeatable, delivered, bytes, queuedAt: clock.wall() };
    const { id, full } = await outbox.add(head, stored).catch((error: unknown) => {
      throw parts.notQueued(error instanceof Error ? error.message : String(error), cause ?? error);
    });
    if (id === undefined) throw parts.notQueued(full ?? "", cause);
    environment.persist();
    emitter.emit({ type: "offline", state: "queued", id, method: stored.method, url: stored.url, reason: "", at: clock.wall() });
    onQueued();
    return acceptedReply(passage, id, stored.body, outbox.isDurable);
  }

  async function mustWait({ passage, rows }: Writing, lane: string): Promise<boolean> {
    if (!environment.online()) return true;
    if (!passage.user.known) return false;
    return outbox.holdsBack({ who: owners.of(passage.user), lane, rows }).catch((error: unknown) => {
      environment.report(error);
      return false;
    });
  }

  return async (passage, next) => {
    const lane = laneOf(passage, parts);
    if (!isKeepable(passage.request)) {
      if (environment.online()) return next(passage);
      throw parts.notQueued("its body is a stream or a form");
    }
    const first = await inTurn(lane, async () => {
      const writing = await readWrite(passage, parts);
      if (!writing.queueable) return { writing };
      const waits = await mustWait(writing, lane);
      return { writing, queued: waits ? await queue(lane, writing, false) : undefined };
    });
    const { writing } = first;
    if (first.queued) return first.queued;
    if (!writing.queueable) return next(passage);
    try {
      return await next(withoutRepeats(writing));
    } catch (error) {
      const sent = unreached(error, settings.word("offline.when", passage.route) === "unreachable" || !environment.online());
      if (sent === undefined || (sent && !writing.repeatable)) throw error;
      return inTurn(lane, () => queue(lane, writing, sent, error));
    }
  };
}

/** A client-made key makes a write repeatable in another form only: as it was made it would collide with itself. */
function withoutRepeats({ passage, stored }: Writing): Passage {
  if (stored.key === "" || passage.options.idempotent !== undefined) return passage;
  return { ...passage, options: { ...passage.options, idempotent: false } };
}

/** Whether anything was sent, if the server was not reached; undefined if that is not what failed. */
function unreached(error: unknown, counts: boolean): boolean | undefined {
  const { category, context, cause } = error as Partial<GuardError>;
  // Without the fresh token that its session could not be given, the last attempt sent nothing.
  const unsent = (cause as { __isAuthError?: true } | undefined)?.__isAuthError ? 1 : 0;
  const sent = (context?.attempts ?? 1) > unsent;
  switch (category) {
    case "network":
    case "offline":
    case "circuit_open":
      return counts ? sent : undefined;
    case "timeout":
      // Without an attempt it was the wait for its turn that took too long.
      return counts && sent ? true : undefined;
    default:
      return undefined;
  }
}
