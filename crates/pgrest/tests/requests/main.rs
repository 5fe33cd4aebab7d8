//! Stage 1 as data: requests and what they are understood to ask, or why they are not understood.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod cases;
mod print;
mod properties;
mod syntax;
