//! What a fault came to, in numbers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::load::{Kind, Seen};

/// Requests sent while a fault lasted and until it was over for their callers.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) known: Share,
    pub(crate) new: Share,
    pub(crate) writes: Share,
    /// Connections that broke and requests nobody answered.
    pub(crate) lost: usize,
    /// From the fault's beginning until the server said that it is not ready.
    pub(crate) detected: Option<Duration>,
    /// From the fault's end until everything that was sent was answered.
    pub(crate) recovered: Duration,
}

/// Requests of one kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) sent: usize,
    pub(crate) answered: usize,
    pub(crate) stale: usize,
    pub(crate) p99_ms: f64,
    /// The slowest refusal: how long a caller waited for nothing.
    pub(crate) refused_after_ms: f64,
}

impl Figures {
    pub(crate) fn of(seen: &[Seen], looks: &[(Instant, bool)], began: Instant, ended: Instant) -> Self {
        let last_failure = seen
            .iter()
            .filter(|seen| seen.sent >= ended && !seen.is_answered())
            .map(|seen| seen.sent)
            .max();
        let recovered = last_failure.map_or(Duration::ZERO, |sent| sent.saturating_duration_since(ended));
        let during = |seen: &&Seen| seen.sent >= began && seen.sent <= ended + recovered;
        let share = |kind: Kind| Share::of(seen.iter().filter(during).filter(|seen| seen.kind == kind));
        let detected = looks
            .iter()
            .find(|(at, ready)| *at >= began && !ready)
            .map(|(at, _)| at.saturating_duration_since(began));
        Self {
            known: share(Kind::Known),
            new: share(Kind::New),
            writes: share(Kind::Write),
            lost: seen
                .iter()
                .filter(during)
                .filter(|seen| seen.status.is_none())
                .count(),
            detected,
            recovered,
        }
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({
            "known_reads": self.known.as_json(), "new_reads": self.new.as_json(), "writes": self.writes.as_json(),
            "lost": self.lost, "detected_s": self.detected.map(|span| span.as_secs_f64()),
            "recovered_s": self.recovered.as_secs_f64(),
        })
    }
}

impl Share {
    fn of<'seen>(seen: impl Iterator<Item = &'seen Seen>) -> Self {
        let mut share = Self::default();
        let mut latencies = Vec::new();
        for seen in seen {
            share.sent += 1;
            share.stale += usize::from(seen.stale);
            let took_ms = seen.took.as_secs_f64() * 1e3;
            if seen.is_answered() {
                share.answered += 1;
                latencies.push(took_ms);
            } else {
                share.refused_after_ms = share.refused_after_ms.max(took_ms);
            }
        }
        latencies.sort_unstable_by(f64::total_cmp);
        let place = (latencies.len() * 99 / 100).min(latencies.len().saturating_sub(1));
        share.p99_ms = latencies.get(place).copied().unwrap_or(f64::NAN);
        share
    }

    /// Of a hundred, how many were answered.
    #[expect(clippy::cast_precision_loss, reason = "a count of minutes' worth of requests")]
    pub(crate) fn percent(&self) -> f64 {
        if self.sent == 0 {
            return 100.0;
        }
        self.answered as f64 * 100.0 / self.sent as f64
    }

    fn as_json(&self) -> Value {
        json!({
            "sent": self.sent, "answered": self.answered, "stale": self.stale, "percent": self.percent(),
            "p99_ms": self.p99_ms, "slowest_refusal_ms": self.refused_after_ms,
        })
    }
}
