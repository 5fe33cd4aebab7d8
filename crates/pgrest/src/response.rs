//! Stage 5, RESPONSE: one row back becomes status, headers and body.

pub mod row;

pub use row::ResultRow;
