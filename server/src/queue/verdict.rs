//! What becomes of a job whose attempt has failed: decided here, without clock or database.
//!
//! A refusal that will not change ends it at once. What may heal is tried again, with
//! growing waits, as often as configured. What never reached the database (its circuit
//! is open, no connection became free) is put off and costs the job no attempt, so
//! that an outage does not turn a whole queue into dead letters.

use std::time::Duration;

use seawall_policy::class::{Answer, Outcome, Service, classify};
use seawall_policy::retry::backoff::Backoff;
use seawall_policy::rng::Rng;
use seawall_policy::time::Span;

/// The database refused to let this worker go on: somebody else has the job, or nobody.
pub(crate) const LOST: &str = "SWJ01";

/// Codes of requests that were never begun.
const NOT_BEGUN: [&str; 7] = [
    "SEAWALL_AUTH_UNAVAILABLE",
    "PGRST000",
    "PGRST001",
    "PGRST002",
    "PGRST003",
    "SEAWALL_CIRCUIT_OPEN",
    "SEAWALL_OVERLOADED",
];

/// How an attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed<'a> {
    pub(crate) status: u16,
    pub(crate) code: &'a str,
    /// This one included.
    pub(crate) attempts: u16,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is not ours to decide.
    Leave,
    /// Tried again later.
    Retry(Duration),
    /// Put off, at no cost.
    PutOff(Duration),
    /// A dead letter.
    Bury,
}

/// Decides.
pub(crate) fn after(failed: Failed<'_>, most: u16, backoff: &Backoff, rng: &mut impl Rng) -> Next {
    if failed.code == LOST {
        return Next::Leave;
    }
    let outcome = judged(failed.status, failed.code);
    let told = outcome.retry_after.unwrap_or_default();
    let wait = |rng: &mut _| span(told + half_sure(backoff, u32::from(failed.attempts), rng));
    if NOT_BEGUN.contains(&failed.code) {
        return Next::PutOff(wait(rng));
    }
    if outcome.transient && failed.attempts < most {
        return Next::Retry(wait(rng));
    }
    Next::Bury
}

/// What an answer says about the database.
pub(crate) fn judged(status: u16, code: &str) -> Outcome {
    classify(&Answer::Response {
        service: Service::Rest,
        status,
        code: (!code.is_empty()).then_some(code),
        retry_after: None,
    })
}

/// Half of the bound for certain, the rest by lot: nobody waits for a job's second attempt, so it may as well be late.
fn half_sure(backoff: &Backoff, attempts: u32, rng: &mut impl Rng) -> Span {
    let half = Span::from_nanos(backoff.bound(attempts).as_nanos() / 2);
    half + rng.span_up_to(half)
}

fn span(span: Span) -> Duration {
    Duration::from_nanos(span.as_nanos())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use seawall_policy::rng::SplitMix64;

    use super::*;

    fn next(status: u16, code: &str, attempts: u16) -> Next {
        let backoff = Backoff::try_new(Span::from_millis(1_000), Span::from_secs(60)).unwrap();
        let failed = Failed {
            status,
            code,
            attempts,
        };
        after(failed, 3, &backoff, &mut SplitMix64::new(7))
    }

    #[test]
    fn what_the_database_rolled_back_is_tried_again_and_in_the_end_buried() {
        for code in ["40001", "40P01", "57014"] {
            assert!(matches!(next(500, code, 1), Next::Retry(_)), "{code}");
            assert_eq!(next(500, code, 3), Next::Bury, "{code}");
        }
    }

    #[test]
    fn waits_double_between_half_and_all_of_the_bound() {
        for (attempts, bound_ms) in [(1, 1_000), (2, 2_000)] {
            let Next::Retry(wait) = next(500, "40001", attempts) else {
                panic!()
            };
            assert!((bound_ms / 2..=bound_ms).contains(&u64::try_from(wait.as_millis()).unwrap()));
        }
    }

    #[test]
    fn a_refusal_that_stays_one_is_buried_at_once() {
        for (status, code) in [(409, "23505"), (403, "42501"), (404, "PGRST205"), (400, "22P02")] {
            assert_eq!(next(status, code, 1), Next::Bury, "{code}");
        }
    }

    #[test]
    fn an_outage_costs_no_attempts() {
        for code in NOT_BEGUN {
            assert!(matches!(next(503, code, 3), Next::PutOff(_)), "{code}");
        }
    }

    #[test]
    fn a_job_that_is_somebody_elses_is_left_alone() {
        assert_eq!(next(400, LOST, 1), Next::Leave);
    }

    proptest! {
        #[test]
        fn attempts_end(status in 400_u16..600, attempts in 3_u16..200, code in "[0-9A-Z]{5}") {
            prop_assume!(code != LOST);
            let is_retry = matches!(next(status, &code, attempts), Next::Retry(_));
            prop_assert!(!is_retry);
        }
    }
}
