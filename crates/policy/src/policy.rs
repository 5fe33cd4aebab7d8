//! The policy document: what both sides load, so that "the same limits" is literal.
//!
//! A [`PolicyDraft`] takes settings one by one, by name ([`table`] lists them all), and refuses what is unknown,
//! out of bounds or out of place at once, with an error that names it. [`PolicyDraft::finish`] checks
//! what settings say together and gives a [`Policy`], which cannot be wrong: every lookup in it succeeds.
//!
//! Precedence: endpoint over service over document. An endpoint with any `breaker.` setting of its own has a
//! breaker of its own; others share their service's. With the feature `document` a policy is also read
//! from JSON and TOML, printed, and described by a JSON schema; without it, this module needs no parser.

#[cfg(feature = "document")]
pub mod document;
#[cfg(feature = "std")]
mod draft;
#[cfg(feature = "std")]
mod path;
mod rules;
#[cfg(feature = "std")]
pub mod spelling;
pub mod table;
#[cfg(feature = "std")]
mod value;
#[cfg(feature = "std")]
mod values;

#[cfg(feature = "std")]
pub use draft::{Policy, PolicyDraft};
#[cfg(feature = "std")]
pub use path::Scope;
pub use rules::{Numbers, Rules};
pub use table::{CEILINGS, Key, Kind, Reach, SETTINGS, Setting};
#[cfg(feature = "std")]
pub use value::{Figure, Value};

#[cfg(test)]
mod tests;
