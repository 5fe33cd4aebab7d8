//! What an attempt's end means: to its caller, to the breaker, to a retry.

use super::category::Category;
use super::codes;
use super::request::Service;
use crate::time::Span;

/// What an attempt says about the health of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It answered: with what was asked for, or with a refusal that is the caller's fault.
    Healthy,
    /// It is unwell.
    Failure,
    /// It said itself until when it is away (503 with `Retry-After`): opens at once, outside every ratio.
    Unavailable,
    /// It says nothing either way: a quota refused, or the caller gave up.
    Neutral,
    /// The fault is on this side (offline): counted apart.
    Local,
}

/// Whether the work of a failed attempt was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It was done, or definitely refused for a reason that will not change.
    Settled,
    /// It was not done: never sent, refused before any work, or rolled back.
    NotDone,
    /// Nobody knows: only what is safe to repeat may be repeated.
    Unknown,
}

/// How an attempt ended, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// What it says about the service.
    pub verdict: Verdict,
    /// What kind of failure it is; `None` for a success.
    pub category: Option<Category>,
    /// Whether the same request may succeed a moment later.
    pub transient: bool,
    /// Whether its work was done.
    pub fate: Fate,
    /// How long the peer asks to be left alone.
    pub retry_after: Option<Span>,
}

/// What came back from an attempt, unjudged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// A response.
    Response {
        /// The service that answered.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// The code in the body, if it has one.
        code: Option<&'a str>,
        /// The parsed `Retry-After`, if it could be read.
        retry_after: Option<Span>,
    },
    /// The connection failed or broke off.
    NetworkError,
    /// The device knows that it has no network.
    Offline,
    /// The attempt's time ran out.
    TimedOut,
    /// The caller gave up.
    Aborted,
}

/// Judges an answer: its code before its status.
#[must_use]
pub fn classify(answer: &Answer<'_>) -> Outcome {
    match *answer {
        Answer::Response {
            service,
            status,
            code,
            retry_after,
        } => {
            let judged = code
                .filter(|_| status >= 400)
                .and_then(codes::judge)
                .unwrap_or_else(|| by_status(service, status));
            told(judged, status, retry_after)
        }
        Answer::NetworkError => Outcome::NETWORK,
        Answer::Offline => Outcome::OFFLINE,
        Answer::TimedOut => Outcome::TIMEOUT,
        Answer::Aborted => Outcome::ABORTED,
    }
}

impl Outcome {
    /// The caller has its answer.
    pub const SUCCESS: Self = Self {
        verdict: Verdict::Healthy,
        category: None,
        transient: false,
        fate: Fate::Settled,
        retry_after: None,
    };
    /// The connection failed or broke off.
    pub const NETWORK: Self = Self::unwell(Category::Network);
    /// No answer in time.
    pub const TIMEOUT: Self = Self::unwell(Category::Timeout);
    /// The device has no network. What was under way when it went may have arrived.
    pub const OFFLINE: Self = Self {
        verdict: Verdict::Local,
        category: Some(Category::Offline),
        transient: true,
        fate: Fate::Unknown,
        retry_after: None,
    };
    /// The caller gave up.
    pub const ABORTED: Self = Self {
        verdict: Verdict::Neutral,
        category: Some(Category::Aborted),
        transient: false,
        fate: Fate::Unknown,
        retry_after: None,
    };

    /// Whether the caller has what it asked for.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.category.is_none()
    }

    /// The service is unwell; the attempt's fate is unknown and a repeat may succeed.
    pub(crate) const fn unwell(category: Category) -> Self {
        Self {
            verdict: Verdict::Failure,
            category: Some(category),
            transient: true,
            fate: Fate::Unknown,
            retry_after: None,
        }
    }

    /// The service is well and says no, finally.
    pub(crate) const fn refused(category: Category) -> Self {
        Self {
            verdict: Verdict::Healthy,
            category: Some(category),
            transient: false,
            fate: Fate::Settled,
            retry_after: None,
        }
    }

    /// The service is well but this attempt met another's work in the way.
    pub(crate) const fn contended(category: Category, fate: Fate) -> Self {
        Self {
            verdict: Verdict::Healthy,
            category: Some(category),
            transient: true,
            fate,
            retry_after: None,
        }
    }

    /// A quota is used up.
    pub(crate) const fn limited(fate: Fate) -> Self {
        Self {
            verdict: Verdict::Neutral,
            category: Some(Category::RateLimited),
            transient: true,
            fate,
            retry_after: None,
        }
    }
}

/// Judges by status alone, where no code is known.
#[must_use]
pub fn by_status(service: Service, status: u16) -> Outcome {
    match category_by_status(status) {
        None => Outcome::SUCCESS,
        Some(Category::Timeout) => Outcome::TIMEOUT,
        Some(Category::Network) => Outcome::NETWORK,
        // A function may answer 429 itself, after half its work.
        Some(Category::RateLimited) if service == Service::Functions => Outcome::limited(Fate::Unknown),
        Some(Category::RateLimited) => Outcome::limited(Fate::NotDone),
        Some(Category::Server) if !is_unwell(status) => Outcome::refused(Category::Server),
        Some(Category::Server) => Outcome {
            transient: status != 500,
            ..Outcome::unwell(Category::Server)
        },
        Some(refusal) => Outcome::refused(refusal),
    }
}

/// What kind of failure a status says it is; `None` for a success.
#[must_use]
pub const fn category_by_status(status: u16) -> Option<Category> {
    Some(match status {
        100..=399 => return None,
        401 => Category::Auth,
        403 => Category::Permission,
        404 | 410 => Category::NotFound,
        409 | 412 | 423 => Category::Conflict,
        408 => Category::Timeout,
        429 => Category::RateLimited,
        400..=499 => Category::Validation,
        500..=599 => Category::Server,
        0..=99 | 600..=u16::MAX => Category::Network,
    })
}

/// Whether a status says that the service is unwell. Two of the fives say that it knows no better.
#[must_use]
pub const fn is_unwell(status: u16) -> bool {
    matches!(status, 0..=99 | 408 | 500 | 502..=504 | 506..=u16::MAX)
}

fn told(judged: Outcome, status: u16, retry_after: Option<Span>) -> Outcome {
    if judged.is_success() {
        return judged;
    }
    let names_its_return = status == 503 && retry_after.is_some_and(|wait| !wait.is_zero());
    let away = names_its_return && judged.verdict == Verdict::Failure;
    let verdict = if away {
        Verdict::Unavailable
    } else {
        judged.verdict
    };
    Outcome {
        verdict,
        retry_after,
        ..judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: Option<&str>) -> Outcome {
        classify(&Answer::Response {
            service: Service::Rest,
            status,
            code,
            retry_after: None,
        })
    }

    #[test]
    fn the_callers_faults_leave_the_service_healthy() {
        for status in [400, 401, 403, 404, 406, 409, 416, 422] {
            assert_eq!(answer(status, None).verdict, Verdict::Healthy, "{status}");
            assert!(!answer(status, None).transient);
        }
    }

    #[test]
    fn gateway_errors_are_failures_that_may_pass() {
        for status in [502, 503, 504, 520, 522, 544] {
            assert_eq!(
                answer(status, None),
                Outcome::unwell(Category::Server),
                "{status}"
            );
        }
    }

    #[test]
    fn the_code_in_the_body_is_judged_before_the_status() {
        let deadlock = answer(500, Some("40P01"));
        assert_eq!(
            (deadlock.verdict, deadlock.fate, deadlock.transient),
            (Verdict::Healthy, Fate::NotDone, true)
        );
        let recursion = answer(500, Some("42P17"));
        assert_eq!(
            (recursion.verdict, recursion.transient),
            (Verdict::Healthy, false)
        );
        assert_eq!(answer(504, Some("PGRST003")).verdict, Verdict::Failure);
    }

    #[test]
    fn an_unknown_code_leaves_the_judgement_to_the_status() {
        assert_eq!(answer(502, Some("whatever")), answer(502, None));
    }

    #[test]
    fn a_429_is_neutral_and_was_not_done_except_by_a_function() {
        assert_eq!(answer(429, None), Outcome::limited(Fate::NotDone));
        assert_eq!(by_status(Service::Functions, 429).fate, Fate::Unknown);
    }

    #[test]
    fn only_a_503_that_names_its_return_is_unavailable() {
        let wait = Some(Span::from_secs(7));
        let judge = |status| {
            classify(&Answer::Response {
                service: Service::Rest,
                status,
                code: None,
                retry_after: wait,
            })
        };
        assert_eq!(judge(503).verdict, Verdict::Unavailable);
        assert_eq!(judge(503).retry_after, wait);
        assert_eq!(judge(502).verdict, Verdict::Failure);
        assert_eq!(judge(200), Outcome::SUCCESS);
    }

    #[test]
    fn aborts_and_offline_count_as_neither() {
        assert_eq!(classify(&Answer::Aborted).verdict, Verdict::Neutral);
        assert_eq!(classify(&Answer::Offline).verdict, Verdict::Local);
    }
}
