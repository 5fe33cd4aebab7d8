/** supabase-js's options for tests: no session kept, no timers, and a WebSocket where Node has none. */

import WebSocket from "ws";

export const KEY = "anon-key";

/** Node 20 has no WebSocket of its own, and supabase-js refuses to start without one. */
export const REALTIME = { realtime: { transport: WebSocket as never } };

export const QUIET = { ...REALTIME, auth: { persistSession: false, autoRefreshToken: false } };
