//! Who is asking: tokens in, a verified identity out.
//!
//! Which roles a request may take is decided elsewhere, where the request meets the
//! login role's memberships; here it is decided who asks and for which organisation.

mod admin;
mod asking;
pub mod claims;
mod digest;
pub(crate) mod error;
mod jwks;
pub mod jwt;
mod kept;
pub mod keys;
pub mod mint;
pub mod organisation;
mod outgoing;
mod remote;
mod revocation;
mod sign_out;
mod token_cache;
mod tokens;
mod users;
mod verified;

pub(crate) use admin::is_admin;
pub use claims::Identity;
pub(crate) use digest::Digest;
pub(crate) use jwks::run as keep_keys;
pub(crate) use kept::run as follow_revocations;
pub(crate) use revocation::Revocation;
pub(crate) use sign_out::SignOut;
pub(crate) use tokens::{Ended, Tokens};
pub(crate) use users::Standing;
pub(crate) use verified::Named;
