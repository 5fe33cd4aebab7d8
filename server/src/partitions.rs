//! Tables in monthly parts: the parts to come are made ahead of time, the parts past their retention are dropped.
//!
//! A part is dropped in a moment where a DELETE would take hours, and a month that was made ahead is there when
//! its first row comes. What to do is decided by a pure plan from the time and the parts there are ([`plan`]); how
//! is SQL text ([`sql`]); one instance at a time does it, under an advisory lock.
//!
//! It refuses to guess: a table it does not understand, a clock that disagrees with the database's and a month that
//! is covered in part are told and left alone. Nothing is dropped that could hold a row younger than the retention.

mod catalogue;
mod keeper;
mod month;
mod plan;
mod run;
mod sql;

pub use keeper::Rules;
pub(crate) use keeper::{keep, keep_at};
pub use plan::Rule;
