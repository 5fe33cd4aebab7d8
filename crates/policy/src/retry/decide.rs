//! Whether a failed attempt is worth another.

use super::backoff::Backoff;
use super::budget::{Budget, BudgetConfig};
use crate::class::request::{Service, is_safe};
use crate::class::{Fate, Outcome};
use crate::error::ConfigError;
use crate::rng::Rng;
use crate::time::MonoTime;

/// Whether a request may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Twice is as good as once.
    Safe,
    /// Only when it is known that it was not done: a plain insert, a function call.
    IfNotDone,
}

/// Settings of retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryConfig {
    /// Attempts per call, the first included.
    pub attempts: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// What retries may cost in all.
    pub budget: BudgetConfig,
}

/// An attempt that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Attempted<'a> {
    /// How it ended.
    pub outcome: &'a Outcome,
    /// Whether its request may be sent twice.
    pub repeat: Repeat,
    /// How many attempts the call has made, this one included.
    pub attempts_made: u32,
    /// When the whole call must be over.
    pub deadline: MonoTime,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again then; the budget has been charged.
    Retry {
        /// When.
        at: MonoTime,
    },
    /// Leave it at that.
    Stop(Stop),
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It succeeded.
    Succeeded,
    /// The same request would fail again.
    Permanent,
    /// It may have been done, and must not be done twice.
    Unsafe,
    /// All attempts are used up.
    Attempts,
    /// It would come after the deadline.
    Deadline,
    /// The retry budget is used up.
    Budget,
}

impl RetryConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// There is at least one attempt.
    pub fn try_new(attempts: u32, backoff: Backoff, budget: BudgetConfig) -> Result<Self, ConfigError> {
        if attempts == 0 {
            return Err(ConfigError::Attempts);
        }
        Ok(Self {
            attempts,
            backoff,
            budget,
        })
    }
}

/// Says whether a request may be sent twice, by its method, its service and its `Prefer` header.
///
/// Upserts say what happens to a row that is there already, so a second time changes nothing more; `PUT`
/// replaces one row. `DELETE` and `PATCH` are left to the caller to mark: with returned rows, counts or
/// relative changes a second time is not the first.
#[must_use]
pub fn repeatability(service: Service, method: &str, prefer: Option<&str>) -> Repeat {
    let posted = method.eq_ignore_ascii_case("POST");
    repeatable(
        service,
        method.as_bytes(),
        posted && prefer.is_some_and(resolves_duplicates),
    )
}

/// The same of a method that is letters, where it is known whether a `Prefer` header would make an insert an upsert.
#[must_use]
pub fn repeatable(service: Service, method: &[u8], resolves: bool) -> Repeat {
    let is = |name: &[u8]| method.eq_ignore_ascii_case(name);
    let upsert = service == Service::Rest && (is(b"PUT") || is(b"POST") && resolves);
    if is_safe(method) || upsert {
        Repeat::Safe
    } else {
        Repeat::IfNotDone
    }
}

/// Decides about another attempt, and charges the budget for it.
///
/// A wait that the peer asked for is kept in full, and lengthened by the backoff so that those who were told
/// the same do not come back together.
pub fn decide(
    config: &RetryConfig,
    attempted: &Attempted<'_>,
    budget: &mut Budget,
    now: MonoTime,
    rng: &mut impl Rng,
) -> Decision {
    let outcome = attempted.outcome;
    if outcome.is_success() {
        return Decision::Stop(Stop::Succeeded);
    }
    if !outcome.transient {
        return Decision::Stop(Stop::Permanent);
    }
    if attempted.repeat == Repeat::IfNotDone && outcome.fate != Fate::NotDone {
        return Decision::Stop(Stop::Unsafe);
    }
    if attempted.attempts_made >= config.attempts {
        return Decision::Stop(Stop::Attempts);
    }
    let told = outcome.retry_after.unwrap_or_default();
    let at = now + told + config.backoff.delay(attempted.attempts_made, rng);
    if at >= attempted.deadline {
        return Decision::Stop(Stop::Deadline);
    }
    if !budget.withdraw() {
        return Decision::Stop(Stop::Budget);
    }
    Decision::Retry { at }
}

/// Whether a `Prefer` header says what happens to a row that is there already.
#[must_use]
pub fn resolves_duplicates(prefer: &str) -> bool {
    prefer
        .split(',')
        .filter_map(|preference| preference.trim().split_once('='))
        .any(|(name, value)| {
            name.trim() == "resolution" && matches!(value.trim(), "merge-duplicates" | "ignore-duplicates")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::{Answer, classify};
    use crate::rng::SplitMix64;
    use crate::time::Span;

    fn config() -> RetryConfig {
        let backoff = Backoff::try_new(Span::from_millis(100), Span::from_millis(1_000)).unwrap();
        RetryConfig::try_new(3, backoff, BudgetConfig::default()).unwrap()
    }

    fn after(outcome: &Outcome, repeat: Repeat, attempts_made: u32) -> Decision {
        let attempted = Attempted {
            outcome,
            repeat,
            attempts_made,
            deadline: MonoTime::from_millis(30_000),
        };
        let mut budget = Budget::new(config().budget);
        decide(
            &config(),
            &attempted,
            &mut budget,
            MonoTime::ZERO,
            &mut SplitMix64::new(5),
        )
    }

    fn response(status: u16, code: Option<&str>, retry_after: Option<Span>) -> Outcome {
        classify(&Answer::Response {
            service: Service::Rest,
            status,
            code,
            retry_after,
        })
    }

    #[test]
    fn reads_and_upserts_are_safe_and_inserts_are_not() {
        let rest = |method, prefer| repeatability(Service::Rest, method, prefer);
        assert_eq!(rest("get", None), Repeat::Safe);
        assert_eq!(rest("PUT", None), Repeat::Safe);
        assert_eq!(
            rest("POST", Some("return=minimal, resolution=merge-duplicates")),
            Repeat::Safe
        );
        assert_eq!(rest("POST", Some("return=representation")), Repeat::IfNotDone);
        assert_eq!(rest("PATCH", None), Repeat::IfNotDone);
        assert_eq!(rest("DELETE", None), Repeat::IfNotDone);
        assert_eq!(repeatability(Service::Storage, "PUT", None), Repeat::IfNotDone);
        let rpc = repeatability(Service::Rpc, "POST", Some("resolution=merge-duplicates"));
        assert_eq!(rpc, Repeat::IfNotDone);
    }

    #[test]
    fn a_write_of_unknown_fate_is_never_repeated() {
        for outcome in [Outcome::NETWORK, Outcome::TIMEOUT, response(502, None, None)] {
            assert_eq!(
                after(&outcome, Repeat::IfNotDone, 1),
                Decision::Stop(Stop::Unsafe)
            );
            assert!(matches!(after(&outcome, Repeat::Safe, 1), Decision::Retry { .. }));
        }
    }

    #[test]
    fn a_write_that_the_database_rolled_back_is_repeated() {
        for code in ["40001", "40P01"] {
            let outcome = response(500, Some(code), None);
            assert!(
                matches!(after(&outcome, Repeat::IfNotDone, 1), Decision::Retry { .. }),
                "{code}"
            );
        }
    }

    #[test]
    fn attempts_and_deadline_end_it() {
        assert_eq!(
            after(&Outcome::NETWORK, Repeat::Safe, 3),
            Decision::Stop(Stop::Attempts)
        );
        let late = response(503, None, Some(Span::from_secs(31)));
        assert_eq!(after(&late, Repeat::Safe, 1), Decision::Stop(Stop::Deadline));
    }

    #[test]
    fn a_told_wait_is_kept_in_full_and_spread() {
        let outcome = response(429, None, Some(Span::from_secs(2)));
        let Decision::Retry { at } = after(&outcome, Repeat::IfNotDone, 1) else {
            panic!()
        };
        assert!(at > MonoTime::from_millis(2_000) && at <= MonoTime::from_millis(2_100));
    }

    #[test]
    fn an_empty_budget_ends_it() {
        let mut budget = Budget::new(BudgetConfig {
            reserve: 0,
            ..BudgetConfig::default()
        });
        let attempted = Attempted {
            outcome: &Outcome::NETWORK,
            repeat: Repeat::Safe,
            attempts_made: 1,
            deadline: MonoTime::FAR,
        };
        let decision = decide(
            &config(),
            &attempted,
            &mut budget,
            MonoTime::ZERO,
            &mut SplitMix64::new(5),
        );
        assert_eq!(decision, Decision::Stop(Stop::Budget));
    }

    #[test]
    fn permanent_failures_and_successes_end_it() {
        assert_eq!(
            after(&response(404, None, None), Repeat::Safe, 1),
            Decision::Stop(Stop::Permanent)
        );
        assert_eq!(
            after(&response(500, Some("42P17"), None), Repeat::Safe, 1),
            Decision::Stop(Stop::Permanent)
        );
        assert_eq!(
            after(&Outcome::SUCCESS, Repeat::Safe, 1),
            Decision::Stop(Stop::Succeeded)
        );
    }
}
