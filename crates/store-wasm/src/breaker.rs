//! Stored breaker states, decoded.

use js_sys::Array;
use seawall_policy::breaker::{Breaker, BreakerConfig, Snapshot};
use seawall_policy::error::SnapshotError;
use seawall_policy::event::State;
use seawall_policy::time::{MonoTime, UnixTime};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::local;
use crate::object::object;

/// One stored breaker, as a page that starts now would find it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredBreaker {
    /// A service's name, or an endpoint's path.
    pub key: String,
    /// The state it would begin in.
    pub state: &'static str,
    /// When it was stored, in milliseconds since 1970.
    pub saved_at: f64,
    /// Milliseconds until an open circuit would let a probe through.
    pub next_probe_in: Option<f64>,
    /// Recent failures that would still count.
    pub recent_failures: u32,
    /// Why it would be discarded instead.
    pub problem: Option<String>,
}

/// Decodes what localStorage holds under `key`; an empty list where it holds nothing. `wall` is the wall clock in
/// milliseconds.
#[wasm_bindgen]
#[must_use]
pub fn stored_breakers(key: &str, wall: f64) -> Array {
    let text = local::read(key).unwrap_or_default();
    decode(&text, wall).iter().map(StoredBreaker::to_js).collect()
}

impl StoredBreaker {
    /// As `pkg/src/storage.ts` describes it: null where there is nothing.
    fn to_js(&self) -> JsValue {
        object([
            ("key", self.key.as_str().into()),
            ("state", self.state.into()),
            ("savedAt", self.saved_at.into()),
            (
                "nextProbeIn",
                self.next_probe_in.map_or(JsValue::NULL, JsValue::from),
            ),
            ("recentFailures", self.recent_failures.into()),
            (
                "problem",
                self.problem.as_deref().map_or(JsValue::NULL, JsValue::from),
            ),
        ])
    }
}

/// A line for each breaker: the state, a space, the key.
#[must_use]
pub fn decode(text: &str, wall: f64) -> Vec<StoredBreaker> {
    text.lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .map(|line| decode_line(line, wall))
        .collect()
}

fn decode_line((state, key): (&str, &str), wall: f64) -> StoredBreaker {
    let now = MonoTime::from_millis(0);
    let numbers = numbers(state);
    let restored = Snapshot::from_numbers(&numbers)
        .and_then(|snapshot| Breaker::restore(BreakerConfig::default(), &snapshot, now, unix(wall)));
    let found = StoredBreaker {
        key: key.to_owned(),
        state: State::Closed.name(),
        saved_at: numbers.get(1).copied().unwrap_or_default(),
        next_probe_in: None,
        recent_failures: 0,
        problem: restored.as_ref().err().map(SnapshotError::to_string),
    };
    let Ok(breaker) = restored else { return found };
    StoredBreaker {
        state: breaker.state().name(),
        next_probe_in: breaker
            .next_deadline()
            .map(|deadline| deadline.since(now).as_millis_f64()),
        recent_failures: breaker.counts().failures,
        ..found
    }
}

/// Whole numbers with commas between them; what is none makes the whole unreadable.
fn numbers(state: &str) -> Vec<f64> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
    let found: Option<Vec<u64>> = state.split(',').map(number).collect();
    #[expect(
        clippy::cast_precision_loss,
        reason = "what is not exact is refused by its checksum"
    )]
    let numbers = found.unwrap_or_default().into_iter().map(|number| number as f64);
    numbers.collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
fn unix(wall: f64) -> UnixTime {
    UnixTime::from_millis(wall as u64)
}
