/** The outbox at work: opened once for a guard, with the first write or to see what earlier pages left. */

import { wholeEnvironment } from "../environment.late.js";
import type { OfflineParts, OfflineQueue } from "../offline.js";
import type { Stage } from "../stage.js";
import { openOutbox } from "./outbox.js";
import { createOwners } from "./owners.js";
import { createReplay, shownWrite } from "./replay.js";
import { createOfflineStage } from "./stage.js";

export interface Outstanding {
  readonly stage: Stage;
  readonly queue: OfflineQueue;
  close(): void;
}

/** Pages tell each other here that there may be something to send. */
const CHANNEL = "seawall:outbox";
/** Opening may have to wait for other tabs, but not for ever. */
const LONGEST_OPENING = 5_000;

export async function openOffline(given: OfflineParts): Promise<Outstanding> {
  const parts = { ...given, environment: wholeEnvironment(given.environment) };
  const { environment, settings, emitter, clock, identities, timers } = parts;
  // Writes wait for it: what hangs is as good as missing.
  const late = new Promise<never>((_, reject) => timers.arm(clock.now() + LONGEST_OPENING, () => reject("IndexedDB does not open"), false));
  const outbox = await openOutbox(settings, late, (reason) => {
    emitter.emit({ type: "storage", state: "memory", reason, at: clock.wall() });
  });
  const owners = createOwners(parts);
  const channel = outbox.isDurable ? environment.channel(CHANNEL) : undefined;
  const tellOthers = (): void => channel?.post("waiting");
  const replay = createReplay({ parts, outbox, owners, onSending: tellOthers });
  const changed = (): void => {
    tellOthers();
    replay.kick();
  };
  const stops = [
    environment.onOnline(replay.kick),
    identities.onUser(replay.kick),
    emitter.on("transition", ({ to }) => {
      if (to === "closed" || to === "half_open") replay.kick();
    }),
  ];
  channel?.listen(replay.kick);
  replay.kick();

  return {
    stage: createOfflineStage({ parts, outbox, owners, onQueued: changed }),
    queue: {
      async list() {
        const here = new Set(await owners.present());
        return (await outbox.list()).map(({ head, request }) => shownWrite(head, here.has(head.who) ? request : undefined));
      },
      async retry(id) {
        const done = await outbox.retry(id);
        if (done) changed();
        return done;
      },
      async discard(id) {
        const done = await outbox.discard(id);
        // What stayed behind it may go on.
        if (done) changed();
        return done;
      },
      async clear() {
        return outbox.clear();
      },
      replay: replay.run,
    },
    close() {
      for (const stop of stops) stop();
      channel?.close();
      replay.close();
    },
  };
}
