//! How a failure is judged, for whoever wants to tell a person about it.

use seawall_policy::class::hint::retry_after;
use seawall_policy::class::{Answer, Service, classify};
use seawall_policy::time::{Span, UnixTime};
use wasm_bindgen::prelude::wasm_bindgen;

/// What came instead of a response.
mod instead {
    pub(super) const OFFLINE: u8 = 1;
    pub(super) const TIMED_OUT: u8 = 2;
    pub(super) const ABORTED: u8 = 3;
}

/// Judges an answer of `service` (its number): the category's number (-1 if it is no failure), whether the same may
/// succeed later (0 or 1), and the milliseconds until then (-1 if nobody said). `status` 0 means that none came, and
/// `how` says why: 0 the network, 1 offline, 2 too late, 3 the caller gave up.
#[wasm_bindgen]
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "an optional text crosses the boundary owned"
)]
pub fn judge_failure(
    service: u8,
    status: u16,
    code: Option<String>,
    wait: Option<String>,
    how: u8,
    wall: f64,
) -> Vec<f64> {
    let now = UnixTime::from_millis(Span::from_millis_f64(wall).as_millis());
    let answer = match (status, how) {
        (0, instead::OFFLINE) => Answer::Offline,
        (0, instead::TIMED_OUT) => Answer::TimedOut,
        (0, instead::ABORTED) => Answer::Aborted,
        (0, _) => Answer::NetworkError,
        _ => Answer::Response {
            service: Service::from_code(service).unwrap_or(Service::Rest),
            status,
            code: code.as_deref(),
            retry_after: wait.and_then(|text| retry_after(&text, now)),
        },
    };
    let outcome = classify(&answer);
    vec![
        outcome
            .category
            .map_or(-1.0, |category| f64::from(category.code())),
        f64::from(u8::from(outcome.transient)),
        outcome.retry_after.map_or(-1.0, Span::as_millis_f64),
    ]
}
