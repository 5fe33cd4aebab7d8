//! Transitions, one at a time.

use seawall_policy::event::{Cause, Transition};
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;

#[wasm_bindgen]
impl Core {
    /// The oldest transition not yet told: the breaker's number, the states left and entered, the cause, when it was
    /// and when the state entered ends by itself (infinite if it does not). Empty when there is none.
    #[wasm_bindgen(js_name = nextTransition)]
    pub fn next_transition(&mut self) -> Vec<f64> {
        let breakers = (0u32..).zip(&mut self.breakers);
        let found = breakers
            .into_iter()
            .find_map(|(index, slot)| Some((index, slot.breaker.poll_event()?)));
        let Some((
            index,
            Transition {
                at,
                from,
                to,
                cause,
                until,
                ..
            },
        )) = found
        else {
            return Vec::new();
        };
        vec![
            f64::from(index),
            f64::from(from.code()),
            f64::from(to.code()),
            f64::from(cause_code(cause)),
            at.as_millis_f64(),
            until.map_or(f64::INFINITY, MonoTime::as_millis_f64),
        ]
    }
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
