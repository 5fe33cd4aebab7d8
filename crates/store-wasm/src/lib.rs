//! What is decided about storage, loaded when first used.
//!
//! It makes the databases in IndexedDB, and decides what the package does in them: what the cache keeps, and what becomes
//! of the outbox, the writes that wait for the network.

mod allocator;
mod cache;
mod database;
mod digest;
mod object;
mod outbox;
mod refresh;
mod waiting;

pub use cache::Cache;
pub use database::prepare_database;
pub use outbox::{columns_with, outbox_decide, owner_of, prefer_of, query_of, queueable_as, rows_in_query};
pub use refresh::{refresh_pause, refresh_pause_left};
