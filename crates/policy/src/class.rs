//! What a request is, and what its answer means.
//!
//! [`request`] sorts requests into services, classes and endpoints; [`outcome`] joins status, body code and
//! what the network did into one [`Outcome`]. The code in the body is judged before the status, because
//! a deadlock (transient) and a bug in a function (permanent) both arrive as 500. The code tables are in
//! [`codes`], what a peer advises about waiting in [`hint`].
//!
//! Nothing here looks at message texts: they are translated, reworded and quoted from user data.

pub mod category;
pub mod codes;
pub mod hint;
pub mod message;
pub mod outcome;
pub mod request;

pub use category::Category;
pub use hint::Hints;
pub use outcome::{Answer, Fate, Outcome, Verdict, classify};
pub use request::{Class, Service, Target};
