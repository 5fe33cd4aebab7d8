//! Limits while the server runs: contact with the other instances, reloads, and what an operator may do.

use std::sync::atomic::Ordering;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use seawall_policy::limit::Quota;
use seawall_policy::time::Span;

use super::cluster::HEARTBEAT;
use super::key::LimitKey;
use super::watch::Nearest;
use super::{Floor as _, Limits, Rules};
use crate::app::App;
use crate::bus::Message;
use crate::config::{Config, LimitsConfig};
use crate::events::Event;

/// Other quotas for a tier, until the next reload.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Adjustment {
    pub(crate) general: Option<Quota>,
    pub(crate) expensive: Option<Quota>,
}

impl Limits {
    /// Takes up other rules; what was used stays used.
    pub(crate) fn reload(&self, config: LimitsConfig) {
        self.pressure.refloor(config.policy.floor_percent());
        self.rules.store(Rules::new(config).into());
    }

    /// Puts other quotas in a tier's place on this instance; false where there is no such tier.
    pub(crate) fn adjust(&self, tier: &str, adjustment: Adjustment) -> bool {
        let mut config = self.rules.load().config.clone();
        let is_known = config
            .tiers
            .adjust(tier, adjustment.general, adjustment.expensive);
        if is_known {
            self.rules.store(Rules::new(config).into());
        }
        is_known
    }

    /// Gives a key its whole burst again on this instance, and in Redis.
    pub(crate) async fn unblock(&self, key: LimitKey) {
        self.forget(key);
        if let Some(shared) = &self.shared
            && shared.forget(key).await.is_err()
        {
            tracing::warn!("a key was unblocked on the instances alone: Redis does not answer");
        }
    }

    /// The keys that are near a limit, as hashes; the most refused first.
    pub(crate) fn nearest(&self, count: usize) -> Vec<Nearest> {
        self.watch.nearest(count)
    }

    /// Whether limits are held without Redis.
    pub(crate) fn is_degraded(&self) -> bool {
        self.shared.as_ref().is_some_and(super::Shared::is_apart)
    }

    /// Instances that share the limits, as far as this one knows.
    pub(crate) fn members(&self) -> u32 {
        self.shared.as_ref().map_or(1, super::Shared::members)
    }

    /// Keys remembered here.
    pub(crate) fn keys(&self) -> usize {
        self.memory.len()
    }

    fn forget(&self, key: LimitKey) {
        self.memory.forget(key);
        self.denied.forget(Some(key));
        self.watch.forget(key);
    }
}

/// Unblocks a key on every instance.
pub(crate) async fn unblock(app: &App, key: LimitKey) {
    app.limits.unblock(key).await;
    let message = Message::LimitForgotten { key: key.to_string() };
    app.bus.publish(message, app.clock.unix().as_millis());
}

/// Adjusts a tier on every instance, until the next reload or start; false where there is no such tier.
pub(crate) fn adjust(app: &App, tier: &str, adjustment: Adjustment) -> bool {
    let is_known = app.limits.adjust(tier, adjustment);
    if is_known {
        let plain = |quota: Quota| (quota.limit(), quota.window().as_millis());
        let message = Message::TierAdjusted {
            tier: tier.to_owned(),
            general: adjustment.general.map(plain),
            expensive: adjustment.expensive.map(plain),
        };
        app.bus.publish(message, app.clock.unix().as_millis());
    }
    is_known
}

/// Stays a member of those who share the limits, and hears what was decided elsewhere, as long as the server runs.
pub(crate) async fn keep_contact(app: App, mut stopped: watch::Receiver<bool>) {
    let mut heard = app.bus.subscribe();
    let mut beat = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let count = app.instances.count(app.clock.unix().as_millis());
                app.limits.beat(count).await;
            }
            message = heard.recv() => match message {
                Ok(message) => understand(&app.limits, message),
                Err(RecvError::Lagged(_)) => app.limits.denied.forget(None),
                Err(RecvError::Closed) => break,
            },
            _ = stopped.changed() => break,
        }
    }
    if let Some(shared) = &app.limits.shared {
        // Not told, its share is the others' half a minute later.
        let _unreachable = shared.take_leave().await;
    }
}

fn understand(limits: &Limits, message: Message) {
    if let Message::LimitForgotten { key } = &message {
        if let Some(key) = LimitKey::parse(key) {
            limits.forget(key);
        }
    } else if let Message::TierAdjusted {
        tier,
        general,
        expensive,
    } = message
    {
        let quota = |(limit, window_ms)| Quota::try_new(limit, Span::from_millis(window_ms)).ok();
        let adjustment = Adjustment {
            general: general.and_then(quota),
            expensive: expensive.and_then(quota),
        };
        limits.adjust(&tier, adjustment);
    } else if message == Message::Gap {
        // A key may have been unblocked meanwhile; asking Redis once more tells.
        limits.denied.forget(None);
    }
}

impl Limits {
    async fn beat(&self, heard_of: usize) {
        let heard_of = u32::try_from(heard_of).unwrap_or(u32::MAX);
        self.heard_of.store(heard_of, Ordering::Relaxed);
        let Some(shared) = &self.shared else { return };
        match shared.decide(&[]).await {
            Ok(decided) if decided.returned => self.returned(),
            Ok(_) => {}
            Err(_) => {
                self.decide_alone(shared, &[], &self.rules.load_full());
            }
        }
    }
}

/// Reads policy, tiers and limits anew on SIGHUP, as long as the server runs. What cannot be read changes nothing.
pub(crate) async fn reload_on_hangup(app: App, mut stopped: watch::Receiver<bool>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangup) = signal(SignalKind::hangup()) else {
            return;
        };
        loop {
            tokio::select! {
                _ = hangup.recv() => reload(&app),
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ends_with_the_server = (app, stopped.wait_for(|stopped| *stopped).await);
    }
}

fn reload(app: &App) {
    match app.config.source().again().and_then(Config::load) {
        Ok(config) => {
            app.limits.reload(config.limits);
            app.metrics.reloaded(true);
            app.events.emit(Event::Reloaded { part: super::PART });
        }
        Err(error) => {
            tracing::error!(%error, "limits stay as they are: the configuration is refused");
            app.metrics.reloaded(false);
            // What is wrong with it may quote it; where it is wrong does not.
            let reason = format!("{} (from {})", error.key, error.origin);
            app.events.emit(Event::ReloadRefused {
                part: super::PART,
                reason,
            });
        }
    }
}
