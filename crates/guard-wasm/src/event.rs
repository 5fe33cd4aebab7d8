//! Transitions, one at a time.

use seawall_policy::event::{Cause, Transition};
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::memory::leave;
use crate::with;

/// Leaves the oldest transition not yet told as numbers: the breaker's number, the states left and entered, the cause,
/// when it was and when the state entered ends by itself (infinite if it does not). False when there is none.
#[wasm_bindgen]
#[must_use]
pub fn transition(guard: usize) -> bool {
    with(guard, |core| {
        let found = (0u32..)
            .zip(&mut core.breakers)
            .find_map(|(index, slot)| Some((index, slot.breaker.poll_event()?)));
        let Some((index, event)) = found else { return false };
        let Transition {
            at,
            from,
            to,
            cause,
            until,
            ..
        } = event;
        leave([
            f64::from(index),
            f64::from(from.code()),
            f64::from(to.code()),
            f64::from(cause_code(cause)),
            at.as_millis_f64(),
            until.map_or(f64::INFINITY, MonoTime::as_millis_f64),
        ]);
        true
    })
}

/// The cause's place in the package's list of causes.
const fn cause_code(cause: Cause) -> u8 {
    match cause {
        Cause::FailureCount { .. } => 0,
        Cause::FailureRate { .. } => 1,
        Cause::SlowCallRate { .. } => 2,
        Cause::ServerAsked { .. } => 3,
        Cause::CoolDownElapsed => 4,
        Cause::ProbeFailed => 5,
        Cause::ProbeTimedOut => 6,
        Cause::ProbesSucceeded { .. } => 7,
        Cause::Manual => 8,
        Cause::Restored => 9,
        Cause::PolicyChanged => 10,
        Cause::OtherTab => 11,
    }
}
