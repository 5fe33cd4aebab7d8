//! Who asks for what, and which quotas that concerns.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use http::Method;
use seawall_policy::class::Target;
use seawall_policy::limit::{Gcra, Quota};
use seawall_policy::time::{MonoTime, Span};
use serde_json::Value;

use super::key::Holder;
use super::scope::{Check, Scope};
use super::{Limits, Rules, share_under_stress};
use crate::auth::Identity;
use crate::auth::organisation::Own;
use crate::client_address::ClientAddress;
use crate::config::Tier;
use crate::plain_path::plain;

/// Who asks for what.
pub(crate) struct Subject<'request> {
    address: ClientAddress,
    /// The verified user; an anonymous caller is its address.
    user: Option<&'request str>,
    organisation: Option<Arc<str>>,
    /// What its plan allows.
    pub(crate) tier: Arc<Tier>,
    method: &'request Method,
    /// However it was spelt: another spelling is no other endpoint, with quotas of its own.
    path: Cow<'request, str>,
    is_expensive: bool,
}

impl Subject<'_> {
    fn target(&self) -> Target<'_> {
        Target::of(self.method.as_str(), &self.path)
    }
}

impl Rules {
    /// The tier that is claimed or that a role has, if it exists, and whether it is claimed.
    fn tier_of(&self, identity: Option<&Identity>) -> (Option<Arc<Tier>>, bool) {
        let tiers = &self.config.tiers;
        let claim = identity.and_then(|identity| tiers.claim.find_in(&identity.claims));
        match (claim, identity) {
            (Some(Value::String(name)), _) => (self.named(name), true),
            (None | Some(Value::Null), _) => {
                let role = identity.map_or("", |identity| &*identity.role);
                (self.named(&tiers.of_role(role).name), false)
            }
            (Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)), _) => (None, true),
        }
    }
}

impl Limits {
    /// Reads off a request who asks for what. What is missing falls back to the address and to the lowest tier.
    pub(crate) fn subject<'request>(&self, request: &'request Request) -> Subject<'request> {
        let rules = self.rules.load();
        let extensions = request.extensions();
        let identity = extensions.get::<Identity>();
        let path = plain(request.uri().path());
        let target = Target::of(request.method().as_str(), &path);
        let expensive = &rules.config.expensive;
        let is_expensive = expensive
            .iter()
            .any(|kind| kind.is(request.method(), &target, request.headers()));
        Subject {
            address: extensions.get::<ClientAddress>().copied().unwrap_or_default(),
            user: self.user(identity),
            organisation: identity.and_then(|identity| organisation(identity, &rules)),
            tier: self.tier(identity, &rules),
            method: request.method(),
            path,
            is_expensive,
        }
    }

    /// The tier of whoever is known so far.
    pub(crate) fn tier_of(&self, request: &Request) -> Arc<Tier> {
        self.tier(request.extensions().get::<Identity>(), &self.rules.load())
    }

    fn user<'request>(&self, identity: Option<&'request Identity>) -> Option<&'request str> {
        let identity = identity?;
        let user = identity.subject();
        if user.is_none() && identity.authenticated {
            self.fell_back("no_user", "a token names no user; its address is counted instead");
        }
        user
    }

    /// The tier's name, for those who only count: what is odd about it is told elsewhere.
    pub(crate) fn tier_name(&self, identity: &Identity) -> String {
        let rules = self.rules.load();
        let (known, _) = rules.tier_of(Some(identity));
        known.map_or_else(|| rules.lowest.name.clone(), |tier| tier.name.clone())
    }

    fn tier(&self, identity: Option<&Identity>, rules: &Rules) -> Arc<Tier> {
        let (known, claimed) = rules.tier_of(identity);
        if known.is_none() && claimed {
            self.fell_back(
                "unknown_tier",
                "a token names a tier that does not exist; the lowest holds",
            );
        }
        known.unwrap_or_else(|| Arc::clone(&rules.lowest))
    }

    fn fell_back(&self, what: &'static str, message: &'static str) {
        self.metrics.limit_fallback(what);
        if self.remarks.may_log(what, self.clock.mono()) {
            tracing::warn!(what, "{message}");
        }
    }

    /// Every quota that a request must fit in.
    pub(super) fn checks(&self, subject: &Subject<'_>, rules: &Rules) -> Vec<Check> {
        let (tier, target) = (&subject.tier, subject.target());
        let network = subject.address.network();
        let holder = subject.user.map_or(Holder::Network(network), Holder::User);
        let left = share_under_stress(self.pressure.percent(), tier.priority);
        let mut checks = Vec::with_capacity(6);
        let mut add = |scope, holder, endpoint: &str, quota: Quota, percent| {
            checks.push(Check {
                scope,
                key: self.keys.key(scope, holder, endpoint),
                quota,
                gcra: Gcra::new(quota).share(percent, 100),
            });
        };
        let policy = &rules.config.policy;
        add(Scope::Ip, Holder::Network(network), "", policy.per_address(), 100);
        add(Scope::User, holder, &tier.name, tier.general, left);
        if let Some(organisation) = subject.organisation.as_deref() {
            add(
                Scope::Organisation,
                Holder::Organisation(organisation),
                "",
                tier.organisation,
                left,
            );
        }
        let of_class = policy.rules(target.service, target.endpoint).quota(target.class);
        add(
            Scope::Class(target.class),
            holder,
            target.endpoint,
            of_class,
            left,
        );
        if let Some(quota) = rules.config.endpoints.get(target.endpoint) {
            add(Scope::Endpoint, Holder::Everybody, target.endpoint, *quota, 100);
        }
        if subject.is_expensive {
            add(Scope::Expensive, holder, &tier.name, tier.expensive, left);
        }
        checks
    }
}

/// The organisation that the request is for; where none is named, the caller's only one.
fn organisation(identity: &Identity, rules: &Rules) -> Option<Arc<str>> {
    let claimed = || Own::of(rules.config.organisation_claim.find_in(&identity.claims)).single();
    identity.organisation.clone().or_else(claimed)
}

/// When something was last logged: what every request of somebody repeats is logged once a minute.
#[derive(Default)]
pub(super) struct Remarks(Mutex<HashMap<&'static str, MonoTime>>);

impl Remarks {
    const PAUSE: Span = Span::from_secs(60);

    fn may_log(&self, what: &'static str, now: MonoTime) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.get(what).is_none_or(|at| now.since(*at) >= Self::PAUSE);
        if is_due {
            last.insert(what, now);
        }
        is_due
    }
}
