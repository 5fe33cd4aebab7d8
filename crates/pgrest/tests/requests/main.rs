//! Stage 1 as data: requests and what they are understood to ask, or why they are not understood.

mod cases;
mod print;
mod properties;
mod syntax;
