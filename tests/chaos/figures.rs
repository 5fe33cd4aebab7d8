//! What a fault came to, in numbers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::limit::Held;
use crate::load::{Cached, Kind, Seen};
use crate::watch::Look;

/// Requests sent while a fault lasted and until it was over for their callers.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) known: Share,
    pub(crate) new: Share,
    pub(crate) writes: Share,
    /// Connections that broke and requests nobody answered.
    pub(crate) lost: usize,
    /// From the fault's beginning until the last server said that it is not ready.
    pub(crate) detected: Option<Duration>,
    /// From the fault's end until everything that was sent was answered and every server was ready.
    pub(crate) recovered: Duration,
    pub(crate) held: Held,
}

/// Requests of one kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) sent: usize,
    pub(crate) answered: usize,
    /// Refused by limits: 429, and told when to come again.
    pub(crate) limited: usize,
    /// From the cache, though they may have changed.
    pub(crate) stale: usize,
    pub(crate) p99_ms: f64,
    /// The same of those that came from the cache.
    pub(crate) cached_p99_ms: f64,
    /// The slowest refusal: how long a caller waited for nothing.
    pub(crate) refused_after_ms: f64,
}

impl Figures {
    pub(crate) fn of(
        seen: &[Seen],
        limited: &[Seen],
        looks: &[Vec<Look>],
        (began, ended): (Instant, Instant),
    ) -> Self {
        let recovered = recovered(seen, looks, ended);
        let during = |seen: &&Seen| seen.sent >= began && seen.sent <= ended + recovered;
        let share = |kind: Kind| Share::of(seen.iter().filter(during).filter(|seen| seen.kind == kind));
        let lost = |seen: &[Seen]| {
            let lost = seen.iter().filter(during).filter(|seen| seen.status.is_none());
            lost.count()
        };
        Self {
            known: share(Kind::Known),
            new: share(Kind::New),
            writes: share(Kind::Write),
            lost: lost(seen) + lost(limited),
            detected: detected(looks, began),
            recovered,
            held: Held::of(limited),
        }
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({
            "known_reads": self.known.as_json(), "new_reads": self.new.as_json(), "writes": self.writes.as_json(),
            "lost": self.lost, "detected_s": self.detected.map(|span| span.as_secs_f64()),
            "recovered_s": self.recovered.as_secs_f64(), "limit": self.held.as_json(),
        })
    }
}

/// When the last of the servers had noticed; nothing where one never did.
fn detected(looks: &[Vec<Look>], began: Instant) -> Option<Duration> {
    let of_one = |looks: &Vec<Look>| {
        let first = looks.iter().find(|(at, ready)| *at >= began && !ready);
        first.map(|(at, _)| at.saturating_duration_since(began))
    };
    let of_all: Option<Vec<Duration>> = looks.iter().map(of_one).collect();
    of_all?.into_iter().max()
}

fn recovered(seen: &[Seen], looks: &[Vec<Look>], ended: Instant) -> Duration {
    let failures = seen
        .iter()
        .filter(|seen| seen.sent >= ended && !seen.is_answered())
        .map(|seen| seen.sent);
    let unready = looks
        .iter()
        .flatten()
        .filter(|(at, ready)| *at >= ended && !ready)
        .map(|(at, _)| *at);
    let last = failures.chain(unready).max();
    last.map_or(Duration::ZERO, |last| last.saturating_duration_since(ended))
}

impl Share {
    fn of<'seen>(seen: impl Iterator<Item = &'seen Seen>) -> Self {
        let mut share = Self::default();
        let (mut all, mut cached) = (Vec::new(), Vec::new());
        for seen in seen {
            share.sent += 1;
            share.stale += usize::from(seen.cached == Cached::Stale);
            let took_ms = seen.took.as_secs_f64() * 1e3;
            if !seen.is_answered() {
                share.limited += usize::from(seen.status == Some(429));
                share.refused_after_ms = share.refused_after_ms.max(took_ms);
                continue;
            }
            share.answered += 1;
            all.push(took_ms);
            if seen.cached != Cached::No {
                cached.push(took_ms);
            }
        }
        share.p99_ms = p99(all);
        share.cached_p99_ms = p99(cached);
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

    /// Of a hundred, how many were held back by limits.
    #[expect(clippy::cast_precision_loss, reason = "a count of minutes' worth of requests")]
    pub(crate) fn limited_percent(&self) -> f64 {
        self.limited as f64 * 100.0 / self.sent.max(1) as f64
    }

    /// Neither answered nor told by a limit when to come again.
    pub(crate) fn failed(&self) -> usize {
        self.sent - self.answered - self.limited
    }

    fn as_json(&self) -> Value {
        json!({
            "sent": self.sent, "answered": self.answered, "limited": self.limited, "stale": self.stale, "percent": self.percent(),
            "p99_ms": self.p99_ms, "cached_p99_ms": self.cached_p99_ms,
            "slowest_refusal_ms": self.refused_after_ms,
        })
    }
}

/// Nothing where there is nothing to order.
fn p99(mut latencies: Vec<f64>) -> f64 {
    latencies.sort_unstable_by(f64::total_cmp);
    let place = (latencies.len() * 99 / 100).min(latencies.len().saturating_sub(1));
    latencies.get(place).copied().unwrap_or(0.0)
}
