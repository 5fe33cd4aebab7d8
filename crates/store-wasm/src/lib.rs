//! What touches disk or is rarely needed, loaded when first used.
//!
//! It decodes what localStorage holds of the breakers, for whoever wants to see what a reload would begin with (the hot
//! path restores the very same text by itself, and never waits for this module). It carries the cache: its rules, and
//! its entries in IndexedDB. And it keeps the outbox: the writes that wait for the network.

mod allocator;
mod breaker;
mod cache;
mod database;
mod local;
mod object;
mod outbox;
mod query;
mod queue;
mod refresh;

pub use breaker::{StoredBreaker, decode, stored_breakers};
pub use cache::{Cache, CacheDisk};
pub use outbox::{Outbox, columns_with, owner_of, prefer_of, query_of, queueable_as, rows_in_query};
pub use query::{build_query, describe};
pub use queue::{Batcher, Debouncer, Splitter, insert_apart, insert_key};
pub use refresh::{refresh_pause, refresh_pause_left};
