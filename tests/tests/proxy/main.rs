//! Proxy mode: the server in front of stand-ins for a Supabase project's services, and of itself.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a stand-in or fixture that cannot go on ends its test"
)]

mod address;
mod bombs;
mod clamd;
mod content;
mod encrypted;
mod failing;
mod front;
mod keeping;
mod memory;
mod passing;
mod project;
mod resumable;
mod revoked;
mod sockets;
mod stand_in;
mod uploads;
