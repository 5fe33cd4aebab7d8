//! Who is asking: tokens in, a verified identity out.
//!
//! Nothing here talks to the database; which roles a request may take is decided
//! where the request meets the login role's memberships.

mod admin;
pub mod claims;
pub(crate) mod error;
pub mod jwt;
pub mod keys;
pub mod mint;

pub(crate) use admin::is_admin;
pub use claims::Identity;
