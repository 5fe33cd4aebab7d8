//! Breakers: one for each service, and one for each endpoint whose policy asks for its own.

use seawall_policy::breaker::{Breaker, Snapshot};
use seawall_policy::class::Service;
use seawall_policy::error::SnapshotError;
use seawall_policy::time::{MonoTime, Span, UnixTime};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::memory::{leave, with_numbers};
use crate::with;

/// A breaker and whose it is. Its name is kept outside.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) service: Service,
    pub(crate) breaker: Breaker,
}

/// Leaves what a breaker has seen: its service, its state, when that changes by itself (infinite if it does not);
/// successes, failures, slow calls, refusals and trips since it was made; the milliseconds within which 50, 95 and 99
/// of a hundred of the latest answers came (NaN without any).
#[wasm_bindgen]
#[expect(clippy::cast_precision_loss, reason = "a count above 2^53 is off by a few")]
pub fn figures(guard: usize, index: usize) {
    with(guard, |core| {
        let Some(Slot { service, breaker }) = core.breakers.get(index) else {
            return;
        };
        let stats = breaker.stats();
        let percentile = |per_mille| stats.percentile(per_mille).map_or(f64::NAN, Span::as_millis_f64);
        leave([
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
        ]);
    });
}

/// Moves a breaker by hand: 0 forces it open, 1 forces it closed, 2 disables and 3 resets it.
#[wasm_bindgen]
pub fn hand(guard: usize, index: usize, which: u8, now: f64) {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        let Some(Slot { breaker, .. }) = core.breakers.get_mut(index) else {
            return;
        };
        match which {
            0 => breaker.force_open(now),
            1 => breaker.force_closed(now),
            2 => breaker.disable(now),
            3 => breaker.reset(now),
            _ => (),
        }
    });
}

/// Lets time pass in every breaker, and says when there will next be something to do; infinite if never.
#[wasm_bindgen]
#[must_use]
pub fn tick(guard: usize, now: f64) -> f64 {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        let mut next = MonoTime::FAR;
        for Slot { breaker, .. } in &mut core.breakers {
            breaker.tick(now, &mut core.rng);
            next = next.min(breaker.next_deadline().unwrap_or(MonoTime::FAR));
        }
        crate::call::just_after(next)
    })
}

/// Leaves a breaker's state as numbers, and says how many.
#[wasm_bindgen]
#[must_use]
pub fn save(guard: usize, index: usize, now: f64, wall: f64) -> usize {
    with(guard, |core| {
        let Some(Slot { breaker, .. }) = core.breakers.get(index) else {
            return 0;
        };
        let snapshot = breaker.snapshot(MonoTime::from_millis_f64(now), unix(wall));
        leave(snapshot.numbers())
    })
}

/// Takes up a stored state, given as so many numbers; answers with the code of what is wrong with it, or 255. Without
/// `keep` it only looks. Leaves what the breaker begins with: its state, the milliseconds until that changes by itself
/// (infinite if it does not), the failures that still count.
#[wasm_bindgen]
#[must_use]
pub fn restore(guard: usize, index: usize, count: usize, keep: bool, now: f64, wall: f64) -> u8 {
    with(guard, |core| {
        let Some(slot) = core.breakers.get_mut(index) else {
            return SnapshotError::Malformed.code();
        };
        let restored = with_numbers(|numbers| {
            let snapshot = Snapshot::from_numbers(numbers.get(..count).unwrap_or_default())?;
            let now = MonoTime::from_millis_f64(now);
            Breaker::restore(*slot.breaker.config(), &snapshot, now, unix(wall))
        });
        match restored {
            Ok(breaker) => {
                let next = breaker.next_deadline();
                leave([
                    f64::from(breaker.state().code()),
                    next.map_or(f64::INFINITY, MonoTime::as_millis_f64) - now,
                    f64::from(breaker.counts().failures),
                ]);
                if keep {
                    slot.breaker = breaker;
                }
                crate::policy::FINE
            }
            Err(error) => error.code(),
        }
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
pub(crate) fn unix(wall: f64) -> UnixTime {
    UnixTime::from_millis(wall as u64)
}
