//! What touches disk or is rarely needed, loaded when first used.
//!
//! It reads what localStorage holds of the breakers and decodes it into plain objects, for whoever
//! wants to see what a reload would begin with. The hot path restores the very same text by itself, before
//! the first call, and never waits for this module. And it keeps the outbox: the writes that wait for the network.

mod breaker;
mod explain;
mod local;
mod object;
mod outbox;
mod refresh;

pub use breaker::{StoredBreaker, decode, stored_breakers};
pub use explain::judge_failure;
pub use outbox::{Outbox, columns_with, owner_of, prefer_of, query_of, queueable_as, rows_in_query};
pub use refresh::{refresh_pause, refresh_pause_left};
