//! One limit that all servers hold together, asked for more than it allows while faults last.
//!
//! Above, the bound is exact: in any time `t` at most `burst + rate · t` pass, whatever becomes
//! of Redis. Below there is no promise while it is lost but that nobody is starved, so what a
//! single exact limiter would have let pass of the very same requests is what it is measured by.

use std::time::Instant;

use serde_json::{Value, json};

use crate::load::{Kind, Seen};

/// Not a table: what is asked here is the limit alone, and the answer is 404 from the schema cache.
const PATH: &str = "/rest/v1/limited";
const BURST: u32 = 20;
const PER_SECOND: u32 = 50;

/// So many are asked for.
pub(crate) const ASKED_PER_SECOND: u64 = 100;

/// The setting that limits it.
pub(crate) fn setting() -> String {
    format!("{PATH}={BURST}/{}", BURST * 1000 / PER_SECOND)
}

/// Nothing else is limited, and stress takes nothing away.
pub(crate) const POLICY: &str = r#"{"limits": {
    "floor": 1, "ip": {"limit": 1000000, "window": 1000},
    "reads": {"limit": 10000, "window": 1000}, "writes": {"limit": 10000, "window": 1000}
}}"#;
pub(crate) const TIERS: &str = r#"{"all": {
    "general-limit": 1000000, "general-window": 1000, "organisation-limit": 1000000, "organisation-window": 1000,
    "expensive-limit": 1000000, "expensive-window": 1000
}}"#;

pub(crate) fn ask(_: u64) -> (Kind, http::request::Builder) {
    (Kind::Limited, http::Request::builder().uri(PATH))
}

/// How the limit was held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) asked: usize,
    /// Let through, whatever became of them afterwards.
    pub(crate) passed: usize,
    /// The most that an exact limit lets through in that time.
    pub(crate) most: f64,
    /// What it would have let through of these requests.
    pub(crate) ideal: u32,
}

impl Held {
    pub(crate) fn of(seen: &[Seen]) -> Self {
        let start = seen.iter().map(|seen| seen.sent).min();
        let end = seen.iter().map(Seen::heard).max();
        let lasted = start.zip(end).map(|(start, end)| end.duration_since(start));
        Self {
            asked: seen.len(),
            // Whoever got no answer may have passed.
            passed: seen.iter().filter(|seen| seen.status != Some(429)).count(),
            most: f64::from(BURST) + f64::from(PER_SECOND) * lasted.unwrap_or_default().as_secs_f64(),
            ideal: start.map_or(0, |start| ideal(seen, start)),
        }
    }

    /// Of what an exact limiter would have let through, in percent.
    #[expect(clippy::cast_precision_loss, reason = "a count of minutes' worth of requests")]
    pub(crate) fn percent(&self) -> f64 {
        self.passed as f64 * 100.0 / f64::from(self.ideal.max(1))
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of minutes' worth of requests")]
    pub(crate) fn is_within(&self) -> bool {
        self.passed as f64 <= self.most
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({"asked": self.asked, "passed": self.passed, "most": self.most, "ideal": self.ideal})
    }
}

fn ideal(seen: &[Seen], start: Instant) -> u32 {
    let mut sent: Vec<f64> = seen
        .iter()
        .map(|seen| seen.sent.duration_since(start).as_secs_f64())
        .collect();
    sent.sort_by(f64::total_cmp);
    let (mut left, mut last, mut passed) = (f64::from(BURST), 0.0, 0);
    for at in sent {
        left = f64::from(BURST).min(left + (at - last) * f64::from(PER_SECOND));
        last = at;
        if left >= 1.0 {
            left -= 1.0;
            passed += 1;
        }
    }
    passed
}
