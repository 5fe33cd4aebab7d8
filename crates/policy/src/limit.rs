//! Limits: how many calls a key may make in a while.
//!
//! Two algorithms for two places. [`SlidingWindow`] remembers each call and is exact in every window; it
//! also keeps the queue of those who wait their turn. It is for a client, whose keys are few. [`Gcra`]
//! remembers one instant per key and bounds calls by `burst + rate · t`; it is for a server, whose keys
//! are many. Both tell a refused caller exactly when to come back: one nanosecond earlier is refused.
//!
//! Neither counts refusals: a caller that keeps asking is not starved for asking.
//!
//! Beside how often, [`Inflight`] says how many at a time. It and the window give way when the server is under
//! stress ([`Adaptive`]), and several tabs of one origin share one window by [`lease`].

pub mod adaptive;
pub mod gcra;
pub mod inflight;
pub mod lease;
pub mod quota;
pub mod snapshot;
pub mod window;

pub use adaptive::{Adaptive, Signal};
pub use gcra::Gcra;
pub use inflight::{Inflight, InflightConfig};
pub use quota::Quota;
pub use snapshot::UsageSnapshot;
pub use window::{Patience, Refusal, SlidingWindow, Ticket, Turn};
