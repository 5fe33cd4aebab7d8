//! Requests sorted: JavaScript asks once for each method and path, and remembers.

use seawall_policy::class::hint::retry_after;
use seawall_policy::class::request::sort;
use seawall_policy::class::{Answer, Category, Service, classify};
use seawall_policy::retry::{Repeat, repeatable, resolves_duplicates};
use seawall_policy::time::Span;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::breaker::unix;
use crate::call::end;
use crate::memory::{leave, with_letters, with_text};

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
    with_letters(length, |letters| {
        let space = letters.iter().position(|letter| *letter == b' ');
        let (method, path) = letters
            .split_at_checked(space.unwrap_or_default())
            .unwrap_or_default();
        let (service, class, endpoint) = sort(method, path.get(1..).unwrap_or_default());
        let may = |resolves: bool| repeatable(service, method, resolves) == Repeat::Safe;
        let repeat = match (may(false), may(true)) {
            (true, _) => repeat::SAFE,
            (false, true) => repeat::BY_PREFERENCE,
            (false, false) => repeat::IF_NOT_DONE,
        };
        usize::from(service.code()) | usize::from(class.code()) << 3 | repeat << 6 | endpoint << 8
    })
}

/// Whether a `Prefer` header, given as letters, makes an insert an upsert.
#[wasm_bindgen]
#[must_use]
pub fn resolves(length: usize) -> bool {
    with_text(length, resolves_duplicates)
}

/// Judges a failure that is no call's: an answer of a service (its number), or that none came (`status` 0) and how. The
/// letters are the answer's `Retry-After` and, on the next line, the code in its body. Leaves the category's number (-1
/// if it is no failure), whether the same may succeed later, and the milliseconds until then (-1 if nobody said).
#[wasm_bindgen]
pub fn judge(service: u8, status: u16, how: u8, length: usize, wall: f64) {
    let outcome = with_text(length, |text| {
        let (wait, code) = text.split_once('\n').unwrap_or_default();
        classify(&match (status, how) {
            (0, end::OFFLINE) => Answer::Offline,
            (0, end::TIMED_OUT) => Answer::TimedOut,
            (0, end::ABORTED) => Answer::Aborted,
            (0, _) => Answer::NetworkError,
            _ => Answer::Response {
                service: Service::from_code(service).unwrap_or(Service::Rest),
                status,
                code: Some(code).filter(|code| !code.is_empty()),
                retry_after: retry_after(wait, unix(wall)),
            },
        })
    });
    let number = |found: Option<f64>| found.unwrap_or(-1.0);
    leave([
        number(outcome.category.map(Category::code).map(f64::from)),
        f64::from(u8::from(outcome.transient)),
        number(outcome.retry_after.map(Span::as_millis_f64)),
    ]);
}
