//! Pauses between attempts to refresh a session that the auth service refused with a 429.
//!
//! Every open tab wants a fresh token at the same moment, and a client library asks again after seconds. A service
//! that is already refusing needs minutes. The pause is one for all tabs of an origin: it is stored, so what is read
//! back may be anything, and is believed only within bounds.

use super::Backoff;
use crate::rng::Rng;
use crate::time::{Span, UnixTime};

/// The form of the stored text.
const VERSION: &str = "1";

/// No service is believed to want a longer pause, and no stored text either.
const LONGEST: Span = Span::from_secs(3_600);

/// Until when nobody asks for a fresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshPause {
    until: UnixTime,
    refusals: u32,
}

impl RefreshPause {
    /// The pause after a refusal; `previous` is the one before it. At least what the service asked for, and else
    /// between half of the bound and the whole.
    pub fn after(
        previous: Option<Self>,
        asked: Option<Span>,
        backoff: &Backoff,
        now: UnixTime,
        rng: &mut impl Rng,
    ) -> Self {
        let fresh = |pause: &Self| now.since(pause.until) <= LONGEST;
        let refusals = previous
            .filter(fresh)
            .map_or(0, |pause| pause.refusals)
            .saturating_add(1);
        let half = Span::from_nanos(backoff.bound(refusals).as_nanos() / 2);
        let drawn = half.plus(rng.span_up_to(half));
        let span = drawn.max(asked.unwrap_or(Span::ZERO)).min(LONGEST);
        Self {
            until: now.plus(span),
            refusals,
        }
    }

    /// What is left of it; `None` when it is over, or longer than any pause can be because a clock was set.
    #[must_use]
    pub fn left(&self, now: UnixTime) -> Option<Span> {
        let left = self.until.since(now);
        (!left.is_zero() && left <= LONGEST).then_some(left)
    }

    /// Reads the stored text; `None` for anything else.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let known = parts.next() == Some(VERSION);
        let until = UnixTime::from_millis(parts.next()?.parse().ok()?);
        let refusals = parts.next()?.parse().ok()?;
        (known && parts.next().is_none()).then_some(Self { until, refusals })
    }

    /// The text to store.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("{VERSION} {} {}", self.until.as_millis(), self.refusals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SplitMix64;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn backoff() -> Backoff {
        Backoff::try_new(Span::from_secs(60), Span::from_secs(900)).unwrap()
    }

    fn refused(previous: Option<RefreshPause>, asked: Option<u64>, now: UnixTime) -> RefreshPause {
        let asked = asked.map(Span::from_secs);
        RefreshPause::after(previous, asked, &backoff(), now, &mut SplitMix64::new(7))
    }

    fn left(pause: &RefreshPause) -> u64 {
        pause.left(NOW).map_or(0, Span::as_secs_ceil)
    }

    #[test]
    fn pauses_grow_to_minutes_and_stay_bounded() {
        let mut pause = refused(None, None, NOW);
        assert!((30..=60).contains(&left(&pause)));
        for bound in [120, 240, 480, 900, 900, 900] {
            pause = refused(Some(pause), None, NOW);
            assert!((bound / 2..=bound).contains(&left(&pause)), "{}", left(&pause));
        }
    }

    #[test]
    fn what_the_service_asks_for_is_the_least_and_an_hour_the_most() {
        assert_eq!(left(&refused(None, Some(300), NOW)), 300);
        assert!(left(&refused(None, Some(1), NOW)) >= 30);
        assert_eq!(left(&refused(None, Some(u64::MAX), NOW)), 3_600);
    }

    #[test]
    fn an_old_refusal_is_forgotten() {
        let old = refused(Some(refused(None, None, NOW)), None, NOW);
        let later = NOW.plus(Span::from_secs(3 * 3_600));
        assert_eq!(refused(Some(old), None, later).refusals, 1);
    }

    #[test]
    fn it_ends_by_itself_and_a_clock_set_back_ends_it_too() {
        let pause = refused(None, Some(300), NOW);
        assert_eq!(pause.left(NOW.plus(Span::from_secs(300))), None);
        assert_eq!(pause.left(UnixTime::from_secs(1_600_000_000)), None);
    }

    #[test]
    fn only_its_own_text_is_read_back() {
        let pause = refused(None, Some(300), NOW);
        assert_eq!(RefreshPause::decode(&pause.encode()), Some(pause));
        for text in [
            "",
            "1",
            "1 x 1",
            "2 1700000000000 1",
            "1 1700000000000 1 1",
            "1 -5 1",
            "1 1e9 1",
        ] {
            assert_eq!(RefreshPause::decode(text), None, "{text}");
        }
    }
}
