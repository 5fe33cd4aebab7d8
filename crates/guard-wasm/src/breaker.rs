//! Breakers: one for each service, and one for each endpoint whose policy asks for its own.

use seawall_policy::breaker::{Breaker, Snapshot};
use seawall_policy::class::Service;
use seawall_policy::error::SnapshotError;
use seawall_policy::time::{MonoTime, Span, UnixTime};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;

/// A breaker and the name it goes by.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) key: String,
    pub(crate) service: Service,
    pub(crate) breaker: Breaker,
}

/// Longer than every breaker of a real policy could write.
const LONGEST_STATE: usize = 64 * 1024;

#[wasm_bindgen]
impl Core {
    /// How many breakers there are; the list grows and never shrinks.
    #[wasm_bindgen(js_name = breakerCount)]
    #[must_use]
    pub fn breaker_count(&self) -> usize {
        self.breakers.len()
    }

    /// The breaker's name: a service's, or an endpoint's path.
    #[wasm_bindgen(js_name = breakerKey)]
    #[must_use]
    pub fn breaker_key(&self, index: u32) -> String {
        self.slot(index).map(|slot| slot.key.clone()).unwrap_or_default()
    }

    /// What it has seen: its service, its state, when that changes by itself (infinite if it does not); successes,
    /// failures, slow calls, refusals and trips since it was made; the milliseconds within which 50, 95 and 99
    /// of a hundred of the latest answers came (NaN without any).
    #[wasm_bindgen(js_name = breakerFigures)]
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count above 2^53 is off by a few")]
    pub fn breaker_figures(&self, index: u32) -> Vec<f64> {
        let Some(Slot { service, breaker, .. }) = self.slot(index) else {
            return Vec::new();
        };
        let stats = breaker.stats();
        let percentile = |per_mille| stats.percentile(per_mille).map_or(f64::NAN, Span::as_millis_f64);
        vec![
            f64::from(service.code()),
            f64::from(breaker.state().code()),
            breaker
                .next_deadline()
                .map_or(f64::INFINITY, MonoTime::as_millis_f64),
            stats.successes as f64,
            (stats.failures + stats.unavailable) as f64,
            stats.slow as f64,
            stats.rejected as f64,
            stats.opened as f64,
            percentile(500),
            percentile(950),
            percentile(990),
        ]
    }

    /// Moves a breaker by hand: 0 forces it open, 1 forces it closed, 2 disables and 3 resets it.
    #[wasm_bindgen(js_name = moveBreaker)]
    pub fn move_breaker(&mut self, index: u32, hand: u8, now: f64) {
        let now = MonoTime::from_millis_f64(now);
        let Some(Slot { breaker, .. }) = self.breakers.get_mut(index as usize) else {
            return;
        };
        match hand {
            0 => breaker.force_open(now),
            1 => breaker.force_closed(now),
            2 => breaker.disable(now),
            3 => breaker.reset(now),
            _ => (),
        }
    }

    /// Lets time pass in every breaker.
    pub fn tick(&mut self, now: f64) {
        let now = MonoTime::from_millis_f64(now);
        for slot in &mut self.breakers {
            slot.breaker.tick(now, &mut self.rng);
        }
    }

    /// When [`Core::tick`] will next have something to do; infinite if never.
    #[wasm_bindgen(js_name = nextDeadline)]
    #[must_use]
    pub fn next_deadline(&self) -> f64 {
        let next = self
            .breakers
            .iter()
            .filter_map(|slot| slot.breaker.next_deadline())
            .min();
        next.map_or(f64::INFINITY, crate::call::just_after)
    }

    /// Every breaker's state as text: a line each, the state and then the breaker's name.
    #[must_use]
    pub fn save(&self, now: f64, wall: f64) -> String {
        let (now, unix) = (MonoTime::from_millis_f64(now), unix(wall));
        let mut text = String::new();
        for Slot { key, breaker, .. } in &self.breakers {
            text.push_str(&breaker.snapshot(now, unix).encode());
            text.push(' ');
            text.push_str(key);
            text.push('\n');
        }
        text
    }

    /// Takes stored states up, all of them or, if anything is wrong with one, none; answers with what was wrong.
    /// A state of nobody known (an endpoint that the policy no longer names) is passed over.
    #[must_use]
    pub fn restore(&mut self, text: &str, now: f64, wall: f64) -> String {
        match self.restored(text, MonoTime::from_millis_f64(now), unix(wall)) {
            Ok(restored) => {
                for (index, breaker) in restored {
                    if let Some(slot) = self.breakers.get_mut(index) {
                        slot.breaker = breaker;
                    }
                }
                String::new()
            }
            Err(error) => error.to_string(),
        }
    }
}

impl Core {
    fn slot(&self, index: u32) -> Option<&Slot> {
        self.breakers.get(index as usize)
    }

    fn restored(
        &self,
        text: &str,
        now: MonoTime,
        unix: UnixTime,
    ) -> Result<Vec<(usize, Breaker)>, SnapshotError> {
        if text.is_empty() || text.len() > LONGEST_STATE {
            return Err(SnapshotError::Malformed);
        }
        let mut restored = Vec::new();
        for line in text.lines() {
            let (state, key) = line.split_once(' ').ok_or(SnapshotError::Malformed)?;
            let snapshot = Snapshot::decode(state)?;
            let Some(index) = self.breakers.iter().position(|slot| slot.key == key) else {
                continue;
            };
            let Some(slot) = self.breakers.get(index) else {
                continue;
            };
            restored.push((
                index,
                Breaker::restore(*slot.breaker.config(), &snapshot, now, unix)?,
            ));
        }
        Ok(restored)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
pub(crate) fn unix(wall: f64) -> UnixTime {
    UnixTime::from_millis(wall as u64)
}
