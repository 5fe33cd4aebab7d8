//! Which instances there are, and what was decided by hand for all of them.
//!
//! Each instance tells the others every few seconds that it is alive, and repeats
//! the decisions it knows with the time they were made. The latest decision about a
//! breaker wins, so an instance that was away, or has just started, agrees with the
//! rest after one heartbeat. When all of them stop, decisions are forgotten.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use uuid::Uuid;

use crate::app::App;
use crate::breakers::{Dependency, Force};
use crate::bus::Message;

const HEARTBEAT: Duration = Duration::from_secs(3);
/// Silent for longer than this, an instance is taken for gone.
const SILENCE_MS: u64 = 10_000;
/// More than any deployment has; what an attacker with the cluster's secret could fill.
const MOST: usize = 1024;

/// A decision about a breaker, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decision {
    pub(crate) force: Force,
    pub(crate) at_ms: u64,
}

/// What an instance says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) instance: Uuid,
    pub(crate) version: String,
    pub(crate) started_ms: u64,
    /// The state of each breaker, by dependency.
    pub(crate) breakers: BTreeMap<String, String>,
    /// What was decided by hand, by dependency.
    pub(crate) decisions: BTreeMap<String, Decision>,
}

/// What one instance knows of all.
pub(crate) struct Instances {
    id: Uuid,
    started_ms: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    others: BTreeMap<Uuid, (u64, Heartbeat)>,
    decisions: BTreeMap<String, Decision>,
}

impl Instances {
    pub(crate) fn new(started_ms: u64) -> Self {
        Self {
            id: Uuid::new_v4(),
            started_ms,
            known: Mutex::default(),
        }
    }

    /// This instance's name among the others.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// How many there are, this one included.
    pub(crate) fn count(&self, now_ms: u64) -> usize {
        let known = self.lock();
        1 + known
            .others
            .values()
            .filter(|(heard_ms, _)| is_alive(*heard_ms, now_ms))
            .count()
    }

    /// The latest word of each of the others that is not taken for gone.
    pub(crate) fn others(&self, now_ms: u64) -> Vec<Heartbeat> {
        let known = self.lock();
        let alive = known
            .others
            .values()
            .filter(|(heard_ms, _)| is_alive(*heard_ms, now_ms));
        alive.map(|(_, heartbeat)| heartbeat.clone()).collect()
    }

    /// What this instance says of itself.
    pub(crate) fn heartbeat(&self, app: &App) -> Heartbeat {
        let states = app.breakers.iter().map(|breaker| {
            let name = breaker.dependency().name().to_owned();
            (name, breaker.state().name().to_owned())
        });
        Heartbeat {
            instance: self.id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_ms: self.started_ms,
            breakers: states.collect(),
            decisions: self.lock().decisions.clone(),
        }
    }

    /// Notes a heartbeat; gives the decisions in it that are news.
    fn hear(&self, heartbeat: Heartbeat, now_ms: u64) -> Vec<(Dependency, Force)> {
        if heartbeat.instance == self.id {
            return Vec::new();
        }
        let news = heartbeat
            .decisions
            .iter()
            .filter_map(|(name, decision)| self.adopt(name, *decision))
            .collect();
        let mut known = self.lock();
        known
            .others
            .retain(|_, (heard_ms, _)| is_alive(*heard_ms, now_ms));
        if known.others.len() < MOST {
            known.others.insert(heartbeat.instance, (now_ms, heartbeat));
        }
        news
    }

    /// Takes a decision if it is newer than what is known.
    fn adopt(&self, name: &str, decision: Decision) -> Option<(Dependency, Force)> {
        let dependency = Dependency::named(name)?;
        let mut known = self.lock();
        let is_news = known
            .decisions
            .get(name)
            .is_none_or(|kept| (kept.at_ms, kept.force as u8) < (decision.at_ms, decision.force as u8));
        if !is_news {
            return None;
        }
        known.decisions.insert(name.to_owned(), decision);
        Some((dependency, decision.force))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_alive(heard_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(heard_ms) < SILENCE_MS
}

/// Decides about a breaker on every instance.
pub(crate) fn decide(app: &App, dependency: Dependency, force: Force) {
    let at_ms = app.clock.unix().as_millis();
    let decision = Decision { force, at_ms };
    let message = Message::BreakerForced {
        dependency: dependency.name().to_owned(),
        decision,
    };
    if let Some((dependency, force)) = app.instances.adopt(dependency.name(), decision) {
        app.breakers.of(dependency).force(force);
    }
    app.bus.publish(message, at_ms);
}

/// Tells the others and hears them, as long as the server runs.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let mut heard = app.bus.subscribe();
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = beat.tick() => say(&app),
            message = heard.recv() => match message {
                Ok(message) => understand(&app, message),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

fn say(app: &App) {
    let heartbeat = app.instances.heartbeat(app);
    app.bus
        .publish(Message::Alive(heartbeat), app.clock.unix().as_millis());
}

fn understand(app: &App, message: Message) {
    let now_ms = app.clock.unix().as_millis();
    let news = if let Message::Alive(heartbeat) = message {
        app.instances.hear(heartbeat, now_ms)
    } else if let Message::BreakerForced { dependency, decision } = message {
        app.instances.adopt(&dependency, decision).into_iter().collect()
    } else if message == Message::Gap {
        // The others hear of this one at once, and this one of them within a heartbeat.
        say(app);
        return;
    } else {
        return;
    };
    for (dependency, force) in news {
        app.breakers.of(dependency).force(force);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(decisions: &[(&str, Force, u64)]) -> Heartbeat {
        let decisions = decisions.iter().map(|(name, force, at_ms)| {
            let decision = Decision {
                force: *force,
                at_ms: *at_ms,
            };
            ((*name).to_owned(), decision)
        });
        Heartbeat {
            instance: Uuid::new_v4(),
            version: "0".to_owned(),
            started_ms: 0,
            breakers: BTreeMap::new(),
            decisions: decisions.collect(),
        }
    }

    #[test]
    fn the_latest_decision_wins_whatever_the_order() {
        let instances = Instances::new(0);
        let opened = heartbeat(&[("auth", Force::Open, 20)]);
        let older = heartbeat(&[("auth", Force::Reset, 10)]);
        assert_eq!(
            instances.hear(opened.clone(), 0),
            [(Dependency::Auth, Force::Open)]
        );
        assert_eq!(instances.hear(older, 0), []);
        assert_eq!(instances.hear(opened, 0), []);
        let reset = heartbeat(&[("auth", Force::Reset, 30)]);
        assert_eq!(instances.hear(reset, 0), [(Dependency::Auth, Force::Reset)]);
    }

    #[test]
    fn who_is_silent_is_gone() {
        let instances = Instances::new(0);
        instances.hear(heartbeat(&[]), 1000);
        instances.hear(heartbeat(&[("no such thing", Force::Open, 1)]), 5000);
        assert_eq!(instances.count(6000), 3);
        assert_eq!(instances.count(12_000), 2);
        assert_eq!(instances.count(16_000), 1);
    }
}
