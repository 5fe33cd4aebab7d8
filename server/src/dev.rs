//! What exists for development only: an auth service with two or three users, and a
//! switch that makes the server fail. Both are off unless configured.

mod accounts;
pub mod auth;
pub mod faults;
mod sessions;
mod tokens;
