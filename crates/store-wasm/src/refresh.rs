//! The pause that a refused refresh of the session calls for, as the text that all tabs share.

use seawall_policy::class::hint::retry_after;
use seawall_policy::retry::{Backoff, RefreshPause};
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{Span, UnixTime};
use wasm_bindgen::prelude::wasm_bindgen;

/// Milliseconds left of a stored pause; zero if it is over, or no pause at all.
#[wasm_bindgen]
#[must_use]
pub fn refresh_pause_left(text: &str, wall: f64) -> f64 {
    RefreshPause::decode(text)
        .and_then(|pause| pause.left(unix(wall)))
        .map_or(0.0, Span::as_millis_f64)
}

/// The pause after a refusal, as text: `previous` is the text before, `asked` the refusal's `Retry-After`, `first` and
/// `most` milliseconds, `seed` a number in [0, 1).
#[wasm_bindgen]
#[must_use]
pub fn refresh_pause(previous: &str, asked: &str, first: f64, most: f64, wall: f64, seed: f64) -> String {
    let now = unix(wall);
    let first = Span::from_millis_f64(first).max(Span::from_millis(1));
    let backoff = Backoff::try_new(first, Span::from_millis_f64(most).max(first)).ok();
    let Some(backoff) = backoff else {
        return String::new();
    };
    let mut rng = SplitMix64::new(seed.to_bits());
    let previous = RefreshPause::decode(previous);
    RefreshPause::after(previous, retry_after(asked, now), &backoff, now, &mut rng).encode()
}

fn unix(wall: f64) -> UnixTime {
    UnixTime::from_millis(Span::from_millis_f64(wall).as_millis())
}
