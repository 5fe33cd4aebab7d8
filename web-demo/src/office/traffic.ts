/** Traffic to watch: the calls of the application, at a pace one chooses. */

import type { Client } from "../connection.ts";

export const paces = [
  { pace: "none", label: "None", effect: "Only what you send yourself.", everyMs: 0 },
  { pace: "calm", label: "Calm", effect: "A call or two a second: rooms, messages, activity.", everyMs: 700 },
  { pace: "lively", label: "Lively", effect: "More than the limits allow for long: calls wait for their turn, then are refused.", everyMs: 120 },
] as const;
export type Pace = (typeof paces)[number]["pace"];

export interface Traffic {
  pace(pace: Pace): void;
}

export function traffic(client: Client): Traffic {
  let timer: ReturnType<typeof setInterval> | undefined;
  let turn = 0;

  const call = async () => {
    turn += 1;
    // What came of it is the dashboard's to show.
    if (turn % 11 === 0) await client.rpc("room_activity", { room: HARBOUR });
    else if (turn % 3 === 0) await client.from("room_summaries").select();
    else await client.from("messages").select("id, body").eq("room_id", HARBOUR).order("created_at").limit(1 + (turn % 40));
  };

  return {
    pace(pace) {
      clearInterval(timer);
      const { everyMs } = paces.find((known) => known.pace === pace) ?? paces[0];
      if (everyMs > 0) timer = setInterval(() => void call(), everyMs);
    },
  };
}

const HARBOUR = "aaaaaaaa-0000-4000-8000-000000000001";
