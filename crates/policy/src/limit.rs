//! Limits: how many calls a key may make in a while.
//!
//! Two algorithms for two places. [`SlidingWindow`] remembers each call and is exact in every window; it
//! also keeps the queue of those who wait their turn. It is for a client, whose keys are few. [`Gcra`]
//! remembers one instant per key and bounds calls by `burst + rate · t`; it is for a server, whose keys
//! are many. Both tell a refused caller exactly when to come back: one nanosecond earlier is refused.
//!
//! Neither counts refusals: a caller that keeps asking is not starved for asking.

pub mod gcra;
pub mod quota;
pub mod window;

pub use gcra::Gcra;
pub use quota::Quota;
pub use window::{Patience, Refusal, SlidingWindow, Ticket, Turn};
