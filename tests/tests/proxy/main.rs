//! Proxy mode: the server in front of stand-ins for a Supabase project's services, and of itself.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a stand-in or fixture that cannot go on ends its test"
)]

mod address;
mod failing;
mod front;
mod passing;
mod project;
mod stand_in;
