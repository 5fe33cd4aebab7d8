//! Rate limits: the shared policy's numbers, held where they cannot be bypassed.
//!
//! Each request is counted for its address and for its user, endpoint and class.
//! A request must pass both; one that fails the second does not give the first
//! back, so hammering is never free.

mod headers;
mod key;
mod memory;

pub(crate) use headers::Standing;

use seawall_policy::class::Target;
use seawall_policy::limit::Quota;
use seawall_policy::policy::Policy;
use seawall_policy::time::MonoTime;

use crate::client_address::ClientAddress;
use crate::config::LimitsConfig;
use memory::Memory;

/// Who asks for what.
pub(crate) struct Subject<'request> {
    pub(crate) address: ClientAddress,
    /// The verified user; an anonymous caller is its address.
    pub(crate) user: Option<&'request str>,
    pub(crate) target: Target<'request>,
}

/// The answer for one request.
pub(crate) struct Decision {
    pub(crate) scope: &'static str,
    pub(crate) admitted: bool,
    pub(crate) standing: Standing,
}

/// The limiter of one server.
pub(crate) struct Limits {
    policy: Policy,
    memory: Memory,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        Self {
            policy: config.policy.clone(),
            memory: Memory::default(),
        }
    }

    /// Counts a request, if it may pass.
    pub(crate) fn decide(&self, subject: &Subject<'_>, now: MonoTime) -> Decision {
        let by_address = self.take(
            "ip",
            key::of_address(subject.address),
            self.policy.per_address(),
            now,
        );
        if !by_address.admitted {
            return by_address;
        }
        let class = subject.target.class;
        let quota = self
            .policy
            .rules(subject.target.service, subject.target.endpoint)
            .quota(class);
        self.take(class.name(), key::of_subject(subject), quota, now)
    }

    /// Keys remembered.
    pub(crate) fn keys(&self) -> usize {
        self.memory.len()
    }

    fn take(&self, scope: &'static str, key: u128, quota: Quota, now: MonoTime) -> Decision {
        let pass = self.memory.check(key, quota, now);
        let standing = Standing::of(scope, quota, pass, now);
        Decision {
            scope,
            admitted: standing.retry_after_s.is_none(),
            standing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Source};

    fn limits(policy: &str) -> Limits {
        let source = Source::from_pairs([
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("SEAWALL_POLICY", policy),
        ]);
        Limits::new(&Config::load(source).unwrap().limits)
    }

    fn subject<'a>(user: Option<&'a str>, path: &'a str) -> Subject<'a> {
        Subject {
            address: ClientAddress::default(),
            user,
            target: Target::of("GET", path),
        }
    }

    #[test]
    fn users_endpoints_and_classes_have_quotas_of_their_own() {
        let limits = limits(r#"{"limits": {"reads": {"limit": 1, "window": 60000}}}"#);
        let now = MonoTime::from_millis(1);
        let admitted = |user, path| limits.decide(&subject(user, path), now).admitted;
        assert!(admitted(Some("a"), "/rest/v1/rooms"));
        assert!(!admitted(Some("a"), "/rest/v1/rooms"));
        assert!(admitted(Some("b"), "/rest/v1/rooms"));
        assert!(admitted(Some("a"), "/rest/v1/messages"));
        assert!(admitted(None, "/rest/v1/rooms"));
    }

    #[test]
    fn a_told_wait_is_enough() {
        let limits = limits(r#"{"limits": {"reads": {"limit": 2, "window": 10000}}}"#);
        let asks = |now_ms| {
            limits.decide(
                &subject(Some("a"), "/rest/v1/rooms"),
                MonoTime::from_millis(now_ms),
            )
        };
        assert!(asks(0).admitted && asks(0).admitted);
        let refused = asks(0);
        let wait_s = refused.standing.retry_after_s.unwrap();
        assert!(!refused.admitted && asks(wait_s * 1000).admitted);
    }

    #[test]
    fn one_address_has_a_limit_over_all_its_users() {
        let limits = limits(r#"{"limits": {"ip": {"limit": 3, "window": 60000}}}"#);
        let users = ["a", "b", "c", "d"];
        let decisions: Vec<_> = users
            .iter()
            .map(|user| limits.decide(&subject(Some(user), "/rest/v1/rooms"), MonoTime::from_millis(1)))
            .collect();
        let admitted: Vec<bool> = decisions.iter().map(|decision| decision.admitted).collect();
        assert_eq!(admitted, [true, true, true, false]);
        assert_eq!(decisions.last().map(|decision| decision.scope), Some("ip"));
    }
}
