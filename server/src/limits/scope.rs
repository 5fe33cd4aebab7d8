//! What is counted: five scopes, and what each asks of one request.

use seawall_policy::class::Class;
use seawall_policy::limit::gcra::Pass;
use seawall_policy::limit::{Gcra, Quota};
use seawall_policy::time::{MonoTime, Span};

use super::key::LimitKey;
use smallvec::SmallVec;

/// Whose requests, and which of them, share a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// All of one address or IPv6 network.
    Ip,
    /// All of one user, or of one address without a user.
    User,
    /// All of one organisation.
    Organisation,
    /// All callers' at one endpoint.
    Endpoint,
    /// One user's of one class at one endpoint, as the page's guard counts them.
    Class(Class),
    /// One user's expensive operations.
    Expensive,
    /// Tokens that nobody signed, of one address.
    FailedTokens,
}

/// One quota that a request must fit in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(super) scope: Scope,
    pub(super) key: LimitKey,
    /// What holders are told.
    pub(super) quota: Quota,
    /// What holds: the quota, or less of it under stress.
    pub(super) gcra: Gcra,
}

/// How a holder stands in one scope after a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) scope: Scope,
    pub(crate) quota: Quota,
    pub(crate) remaining: u32,
    /// When there will be more than that: the whole burst, or where nothing is left the next request.
    pub(crate) reset: Span,
    /// Where this scope refuses, when it would not.
    pub(crate) wait: Option<Span>,
}

impl Scope {
    /// The name in headers, metrics and refusals.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::User => "user",
            Self::Organisation => "organisation",
            Self::Endpoint => "endpoint",
            Self::Class(class) => class.name(),
            Self::Expensive => "expensive",
            Self::FailedTokens => "failed_tokens",
        }
    }
}

impl Check {
    /// The same as one of so many instances' share.
    pub(super) fn shared_by(self, instances: u32) -> Self {
        Self {
            gcra: self.gcra.share(1, instances),
            ..self
        }
    }
}

impl Standing {
    /// Where a holder stands whose stored instant is `arrival`, which nothing has been charged to.
    pub(super) fn uncharged(check: &Check, arrival: MonoTime, now: MonoTime) -> Self {
        let mut unchanged = arrival;
        let wait = match check.gcra.check(&mut unchanged, now, 1) {
            Pass::Admitted { .. } => None,
            Pass::Refused { retry_at } => Some(retry_at.since(now)),
        };
        Self::at(check, arrival, now, wait)
    }

    /// Where it stands when it was charged.
    pub(super) fn charged(check: &Check, arrival: MonoTime, now: MonoTime) -> Self {
        Self::at(check, arrival, now, None)
    }

    fn at(check: &Check, arrival: MonoTime, now: MonoTime, wait: Option<Span>) -> Self {
        let (capacity, interval) = (check.gcra.capacity(), check.gcra.interval());
        let debt = Span::from_nanos(arrival.since(now).as_nanos().min(capacity.as_nanos()));
        let left = capacity.minus(debt).as_nanos() / interval.as_nanos().max(1);
        let remaining = u32::try_from(left).unwrap_or(u32::MAX);
        // The next request, once nothing is left: who waited for the whole burst would wait for nothing.
        let next = (debt + interval).minus(capacity);
        Self {
            scope: check.scope,
            quota: check.quota,
            remaining,
            reset: wait.unwrap_or(if remaining == 0 { next } else { debt }),
            wait,
        }
    }
}

/// One for each scope: hardly ever more than there is room for without asking for memory.
pub(super) type Few<T> = SmallVec<[T; 6]>;

/// Charges every scope or none: gives the standings, and whether all let it pass. `arrivals` are the stored
/// instants, moved only if so.
pub(super) fn decide(checks: &[Check], arrivals: &mut [MonoTime], now: MonoTime) -> (bool, Vec<Standing>) {
    let mut moved = Few::from_slice(arrivals);
    let mut admitted = true;
    for (check, arrival) in checks.iter().zip(&mut moved) {
        if let Pass::Refused { .. } = check.gcra.check(arrival, now, 1) {
            admitted = false;
        }
    }
    if admitted {
        arrivals.copy_from_slice(&moved);
    }
    let stand = |(check, arrival): (&Check, &MonoTime)| {
        if admitted {
            Standing::charged(check, *arrival, now)
        } else {
            Standing::uncharged(check, *arrival, now)
        }
    };
    (admitted, checks.iter().zip(arrivals.iter()).map(stand).collect())
}
