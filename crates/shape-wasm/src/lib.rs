//! What makes requests and changes their shape, loaded when first used.
//!
//! It builds queries on the crate `postgrest`, makes one request of several reads or inserts and takes their answer apart,
//! sends what is too long in parts, and lets the last of a burst of calls stand for all. It is a module of its own
//! because who keeps answers on disk or queues writes needs none of it, and the other way round.

mod allocator;
mod query;
mod queue;

pub use query::{build_query, describe};
pub use queue::{Batcher, Debouncer, Splitter, insert_apart, insert_key};
