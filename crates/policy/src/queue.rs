//! The shape of requests: which may go together, which must be taken apart, and what their answers mean for each caller.
//!
//! Everything here is text in, text out. What cannot be proved to come out exactly as if every request had been sent
//! alone is sent alone: a saved request is worth less than a right answer.
//!
//! | module | answers |
//! |---|---|
//! | [`batch`] | which reads may become one `in` request, and which rows are whose |
//! | [`insert`] | which inserts may become one |
//! | [`split`] | how an `in` list too long for a URL is taken apart, and its answers put together |
//! | [`debounce`] | which of several calls with one key is sent, and when |
//! | [`priority`] | who goes first where calls wait |
//! | [`query`], [`list`], [`select`], [`rows`] | the texts they read and write |

#[cfg(feature = "std")]
pub mod batch;
#[cfg(feature = "std")]
pub mod debounce;
#[cfg(feature = "std")]
pub mod insert;
#[cfg(feature = "std")]
pub mod list;
pub mod priority;
#[cfg(feature = "std")]
pub mod query;
#[cfg(feature = "std")]
pub mod rows;
#[cfg(feature = "std")]
pub mod select;
#[cfg(feature = "std")]
pub mod split;
#[cfg(feature = "std")]
mod text;

pub use priority::Priority;
