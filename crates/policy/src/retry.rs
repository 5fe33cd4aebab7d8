//! Retries: which, when, and how many at most.
//!
//! A retry helps one caller and costs everybody. So only what is safe to repeat is repeated ([`mod@decide`]),
//! at a random moment ([`Backoff`]), and only as long as successes pay for it ([`Budget`]).

pub mod backoff;
pub mod budget;
pub mod decide;
#[cfg(feature = "std")]
pub mod refresh;

pub use backoff::Backoff;
pub use budget::{Budget, BudgetConfig};
pub use decide::{
    Attempted, Decision, Repeat, RetryConfig, Stop, decide, repeatability, repeatable, resolves_duplicates,
};
#[cfg(feature = "std")]
pub use refresh::RefreshPause;
