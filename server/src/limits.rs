//! Rate limits: held where they cannot be bypassed, by one decision over all scopes.
//!
//! A request is counted for its address, its user, its organisation, its class at its
//! endpoint as the page's guard counts it, the endpoint as a whole where that is
//! configured, and as an expensive operation where it is one. It is charged to all of
//! them or to none: what one scope refuses costs nothing in the others, so whoever is
//! refused as a user does not lose the address for everybody behind it. Several
//! instances count together in Redis; where it does not answer, each holds its share
//! (docs/limits.md has the arithmetic).

mod cluster;
mod contact;
mod control;
mod denied;
mod failed;
mod headers;
mod key;
mod memory;
mod pressure;
mod refusal;
mod scope;
mod subject;
mod watch;

pub(crate) use control::{Adjustment, adjust, keep_contact, reload_on_hangup, unblock};
pub(crate) use key::LimitKey;
pub(crate) use subject::Subject;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwap;
use seawall_policy::policy::Policy;
use seawall_policy::queue::Priority;

use crate::clock::Clock;
use crate::config::{Config, LimitsConfig, Tier};
use crate::events::{Event, Events};
use crate::redis::Redis;
use crate::telemetry::Metrics;
use cluster::Shared;
use denied::Denied;
use key::Keys;
use memory::Memory;
use pressure::Pressure;
use scope::{Check, Standing};
use subject::Remarks;
use watch::Watch;

const PART: &str = "limits";

/// The answer for one request.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) admitted: bool,
    /// The nearest to its limit first.
    standings: Vec<Standing>,
    tier: Arc<Tier>,
    next: Option<Arc<Tier>>,
    upgrade: Option<Arc<str>>,
    is_degraded: bool,
}

/// The limiter of one server.
pub(crate) struct Limits {
    rules: ArcSwap<Rules>,
    keys: Keys,
    clock: Clock,
    metrics: Metrics,
    events: Events,
    memory: Memory,
    shared: Option<Shared>,
    denied: Denied,
    watch: Watch,
    /// Signs of stress, by which limits give way.
    pub(crate) pressure: Pressure,
    /// The instances there are, as the bus knows them.
    heard_of: AtomicU32,
    remarks: Remarks,
}

/// What can be changed while the server runs.
pub(crate) struct Rules {
    pub(crate) config: LimitsConfig,
    tiers: Vec<Arc<Tier>>,
    lowest: Arc<Tier>,
    upgrade: Option<Arc<str>>,
}

impl Limits {
    pub(crate) fn new(
        config: &Config,
        redis: Option<Redis>,
        clock: Clock,
        (metrics, events): (Metrics, Events),
    ) -> Self {
        let timeout = config.cluster.redis_timeout;
        let floor = config.limits.policy.floor_percent();
        metrics.limiter_degraded(false);
        metrics.reloaded(true);
        Self {
            keys: Keys::new(config),
            clock,
            memory: Memory::new(config.limits.most_keys),
            shared: redis.map(|redis| Shared::new(redis, clock, timeout)),
            denied: Denied::new(),
            watch: Watch::default(),
            pressure: Pressure::new(floor, metrics.clone()),
            heard_of: AtomicU32::new(1),
            remarks: Remarks::default(),
            rules: ArcSwap::from_pointee(Rules::new(config.limits.clone())),
            metrics,
            events,
        }
    }

    /// What holds now.
    pub(crate) fn rules(&self) -> arc_swap::Guard<Arc<Rules>> {
        self.rules.load()
    }

    /// The names of the tiers there are.
    pub(crate) fn tiers(&self) -> Vec<String> {
        let rules = self.rules.load();
        rules.tiers.iter().map(|tier| tier.name.clone()).collect()
    }

    /// Charges a request to every scope, or to none where one of them refuses.
    pub(crate) async fn decide(&self, subject: &Subject<'_>) -> Decision {
        let rules = self.rules.load_full();
        let checks = self.checks(subject, &rules);
        let (admitted, standings, is_degraded) = self.count(&checks, &rules).await;
        self.report(&checks, &standings, admitted);
        let mut standings = standings;
        standings.sort_by_key(|standing| (std::cmp::Reverse(standing.wait), standing.remaining));
        Decision {
            admitted,
            standings,
            next: rules.above(&subject.tier),
            tier: Arc::clone(&subject.tier),
            upgrade: rules.upgrade.clone(),
            is_degraded,
        }
    }

    /// Whether all let it pass, where each stands, and whether that is known without Redis.
    async fn count(&self, checks: &[Check], rules: &Rules) -> (bool, Vec<Standing>, bool) {
        let Some(shared) = &self.shared else {
            let checks = shared_by(checks, rules.config.instances);
            let (admitted, standings) = self.memory.decide(&checks, None, self.clock.mono());
            return (admitted, standings, false);
        };
        Box::pin(self.decide_with_others(shared, checks, rules)).await
    }

    async fn decide_with_others(
        &self,
        shared: &Shared,
        checks: &[Check],
        rules: &Rules,
    ) -> (bool, Vec<Standing>, bool) {
        if !shared.is_apart()
            && let Some(standing) = self.denied.find(checks, self.clock.mono())
        {
            return (false, vec![standing], false);
        }
        // Whoever is refused must not come back late by the time the question took.
        let asked = self.clock.mono();
        match shared.decide(checks).await {
            Ok(decided) => {
                if decided.returned {
                    self.returned();
                }
                self.denied.note(checks, &decided.standings, asked);
                (decided.admitted, decided.standings, false)
            }
            Err(_) => {
                let (admitted, standings) = self.decide_alone(shared, checks, rules);
                (admitted, standings, true)
            }
        }
    }

    fn decide_alone(&self, shared: &Shared, checks: &[Check], rules: &Rules) -> (bool, Vec<Standing>) {
        let known = rules.config.instances.max(self.heard_of.load(Ordering::Relaxed));
        let alone = shared.alone(known);
        if alone.begins {
            self.metrics.limiter_degraded(true);
            let reason = format!(
                "Redis does not answer; each of {} instances holds its share",
                alone.members
            );
            self.events.emit(Event::Degraded { part: PART, reason });
        }
        let now = self.clock.mono();
        let checks = shared_by(checks, alone.members);
        let spared = rules.config.degraded_burst;
        // Until the lease has run out nothing is anybody's, unless something is spared; the wait is from then on.
        let from = if spared == 0 { now.max(alone.since) } else { now };
        let (admitted, mut standings) = self.memory.decide(&checks, Some((alone.since, spared)), from);
        let leased = from.since(now);
        for standing in &mut standings {
            // One lost answer is no outage: most likely the next is there before the lease has run out.
            let wait = |wait| if shared.is_apart() { wait + leased } else { leased };
            standing.wait = standing.wait.map(wait);
            standing.reset = standing.wait.unwrap_or(standing.reset + leased);
        }
        (admitted, standings)
    }

    fn returned(&self) {
        // What was counted alone is in nobody's count; every burst counts as used up instead.
        self.memory.clear();
        self.denied.forget(None);
        self.metrics.limiter_degraded(false);
        self.events.emit(Event::Recovered { part: PART });
    }

    fn report(&self, checks: &[Check], standings: &[Standing], admitted: bool) {
        for (check, standing) in checks.iter().zip(standings) {
            self.watch.note(check, standing);
        }
        let refusing = standings.iter().find(|standing| standing.wait.is_some());
        match refusing {
            Some(standing) if !admitted => self.metrics.rate_limit(standing.scope.name(), "refused"),
            Some(_) | None => self
                .metrics
                .rate_limit("all", if admitted { "admitted" } else { "refused" }),
        }
    }
}

impl Rules {
    fn new(config: LimitsConfig) -> Self {
        let tiers: Vec<Arc<Tier>> = config.tiers.all().iter().cloned().map(Arc::new).collect();
        Self {
            lowest: Arc::new(config.tiers.lowest().clone()),
            upgrade: config.upgrade.as_deref().map(Arc::from),
            tiers,
            config,
        }
    }

    /// The policy document as published: with the tiers beside it.
    pub(crate) fn document(&self) -> String {
        let mut document = self.config.policy.to_json_value();
        let tiers = self.tiers.iter().map(|tier| tier.describe()).collect();
        if let serde_json::Value::Object(members) = &mut document {
            members.insert("$tiers".to_owned(), tiers);
        }
        format!("{document:#}")
    }

    fn named(&self, name: &str) -> Option<Arc<Tier>> {
        self.tiers.iter().find(|tier| tier.name == name).cloned()
    }

    fn above(&self, tier: &Tier) -> Option<Arc<Tier>> {
        let place = self.tiers.iter().position(|known| known.name == tier.name)?;
        self.tiers.get(place + 1).cloned()
    }
}

/// The same as one of so many instances' share.
fn shared_by(checks: &[Check], instances: u32) -> Cow<'_, [Check]> {
    if instances == 1 {
        return Cow::Borrowed(checks);
    }
    checks.iter().map(|check| check.shared_by(instances)).collect()
}

/// The part of a limit that stress leaves to a priority: the lowest gives way first.
fn share_under_stress(percent: u32, priority: Priority) -> u32 {
    match priority {
        Priority::Low => percent,
        Priority::Normal => 100 - (100 - percent.min(100)) / 2,
        Priority::High | Priority::Critical => 100,
    }
}

/// What holds for everybody, of the policy.
trait Floor {
    fn floor_percent(&self) -> u32;
}

impl Floor for Policy {
    fn floor_percent(&self) -> u32 {
        let floor = self.rules(seawall_policy::class::Service::Rest, "").floor;
        (floor.ppm() / 10_000).clamp(1, 100)
    }
}

#[cfg(test)]
mod tests;
