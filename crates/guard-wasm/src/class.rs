//! Requests sorted: JavaScript asks once for each method and path, and remembers.

use seawall_policy::class::Target;
use seawall_policy::retry::{Repeat, repeatability, resolves_duplicates};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::memory::with_text;

/// Whether a request may be sent twice.
mod repeat {
    pub(super) const IF_NOT_DONE: usize = 0;
    pub(super) const SAFE: usize = 1;
    /// If its `Prefer` says what happens to a row that is there already.
    pub(super) const BY_PREFERENCE: usize = 2;
}

/// Sorts the request whose method and path are the letters `method path`. From the lowest bit: the service (3 bits), the
/// class (3 bits), whether it may be repeated (2 bits: 0 if it was not done, 1 yes, 2 if [`resolves`] says so), and how
/// many letters of the path are its endpoint.
#[wasm_bindgen]
#[must_use]
pub fn target(length: usize) -> usize {
    with_text(length, |text| {
        let (method, path) = text.split_once(' ').unwrap_or_default();
        let Target {
            service,
            class,
            endpoint,
        } = Target::of(method, path);
        let repeat = if repeatability(service, method, None) == Repeat::Safe {
            repeat::SAFE
        } else if repeatability(service, method, Some("resolution=merge-duplicates")) == Repeat::Safe {
            repeat::BY_PREFERENCE
        } else {
            repeat::IF_NOT_DONE
        };
        usize::from(service.code()) | usize::from(class.code()) << 3 | repeat << 6 | endpoint.len() << 8
    })
}

/// Whether a `Prefer` header, given as letters, makes an insert an upsert.
#[wasm_bindgen]
#[must_use]
pub fn resolves(length: usize) -> bool {
    with_text(length, resolves_duplicates)
}
