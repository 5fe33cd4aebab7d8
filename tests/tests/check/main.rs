//! `seawall check` and what the server keeps up in the database, by the real binary over a real PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test stands on ends it when it is missing"
)]

mod command;
mod examples;
mod migrating;
mod partitions;
mod policies;

mod production;
mod program;
mod shipped;
