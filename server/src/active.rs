//! How many people use the server, by tier: a number, and nothing of who they are.
//!
//! People are counted in sketches ([`sketch`]): four kilobytes for a minute or an hour of a tier, however many there
//! are, wrong by one or two in a hundred, and no way back from them to a person. An exact set would be bounded only by
//! forgetting people, and cannot be added up over windows and instances.
//!
//! Where there is Redis, instances count together in its own sketches, so whoever uses two of them is one person. No
//! request waits for that: what is new is sent every few seconds. Without Redis, or while it is away, each instance
//! tells of its own.

mod sketch;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use secrecy::ExposeSecret as _;
use tokio::sync::watch;

use crate::app::App;
use crate::config::Config;
use crate::redis::{Redis, RedisDown};
use crate::telemetry::Metrics;
use window::Window;

/// How often instances tell each other.
const EVERY: Duration = Duration::from_secs(10);

/// What others told is believed for so long.
const BELIEVED_S: u64 = 60;

/// Whoever was seen in this minute already is found here and costs nothing more. A power of two.
const RECENT: usize = 1 << 14;

/// Most people that wait to be told to the others; who comes on top is missing there and not here.
const MOST_UNTOLD: usize = 1 << 16;

/// People that one command tells of.
const AT_ONCE: usize = 1_000;

/// Who was seen lately, by tier.
pub(crate) struct Active {
    salted: Context,
    hasher: RandomState,
    recent: Vec<AtomicU64>,
    state: Mutex<State>,
    shares: bool,
}

#[derive(Default)]
struct State {
    tiers: BTreeMap<String, Seen>,
    untold: BTreeSet<(String, u64)>,
    /// What all instances saw together, and when that was asked.
    together: BTreeMap<(String, Spell), (u64, u64)>,
}

/// One tier's people.
struct Seen {
    minutes: Window,
    hours: Window,
}

/// The spans that are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spell {
    FiveMinutes,
    Day,
}

impl Spell {
    const ALL: [Self; 2] = [Self::FiveMinutes, Self::Day];

    fn label(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::Day => "1d",
        }
    }

    /// Seconds of one part, and how many parts: whole ones, and the one that has begun.
    fn parts(self) -> (u64, usize) {
        match self {
            Self::FiveMinutes => (60, 6),
            Self::Day => (3600, 25),
        }
    }
}

impl Active {
    pub(crate) fn new(config: &Config) -> Self {
        let mut salted = Context::new(&SHA256);
        salted.update(b"seawall active");
        let secret = config
            .cluster
            .cluster_secret
            .as_ref()
            .or(config.jwt.secret.as_ref());
        if let Some(secret) = secret {
            salted.update(secret.expose_secret().as_bytes());
        }
        Self {
            salted,
            hasher: RandomState::new(),
            recent: (0..RECENT).map(|_| AtomicU64::new(0)).collect(),
            state: Mutex::default(),
            shares: config.cluster.redis_url.is_some(),
        }
    }

    /// Somebody was seen; the tier is asked for only if that is news.
    pub(crate) fn note(&self, user: &str, now_s: u64, tier: impl FnOnce() -> String) {
        if self.was_just_seen(user, now_s) {
            return;
        }
        let mut hash = self.salted.clone();
        hash.update(user.as_bytes());
        let hash = hash.finish();
        let hash = u64::from_be_bytes(hash.as_ref().first_chunk().copied().unwrap_or_default());
        let tier = tier();
        let mut state = self.state();
        if self.shares && state.untold.len() < MOST_UNTOLD {
            state.untold.insert((tier.clone(), hash));
        }
        let seen = state.tiers.entry(tier).or_insert_with(Seen::new);
        seen.minutes.note(now_s, hash);
        seen.hours.note(now_s, hash);
    }

    /// Two people who share a place are only counted more often than need be.
    fn was_just_seen(&self, user: &str, now_s: u64) -> bool {
        let mark = self.hasher.hash_one((user, now_s / 60));
        let place = usize::try_from(mark).unwrap_or_default() & (RECENT - 1);
        let Some(recent) = self.recent.get(place) else {
            return false;
        };
        let is_known = recent.load(Ordering::Relaxed) == mark;
        if !is_known {
            recent.store(mark, Ordering::Relaxed);
        }
        is_known
    }

    /// Tells how many there are.
    pub(crate) fn report<'tiers>(
        &self,
        tiers: impl Iterator<Item = &'tiers str>,
        now_s: u64,
        metrics: &Metrics,
    ) {
        let state = self.state();
        for tier in tiers {
            for spell in Spell::ALL {
                let own = state.tiers.get(tier).map_or(0, |seen| seen.count(spell, now_s));
                let together = state.together.get(&(tier.to_owned(), spell));
                let together = together.filter(|(_, asked_s)| asked_s + BELIEVED_S > now_s);
                let most = own.max(together.map_or(0, |(count, _)| *count));
                metrics.active_users(tier, spell.label(), most);
            }
        }
    }

    fn take_untold(&self) -> BTreeMap<String, Vec<u64>> {
        let mut untold: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (tier, hash) in std::mem::take(&mut self.state().untold) {
            untold.entry(tier).or_default().push(hash);
        }
        untold
    }

    fn give_back(&self, untold: BTreeMap<String, Vec<u64>>) {
        let mut state = self.state();
        for (tier, hashes) in untold {
            let room = MOST_UNTOLD.saturating_sub(state.untold.len());
            let kept = hashes.into_iter().take(room).map(|hash| (tier.clone(), hash));
            state.untold.extend(kept);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn new() -> Self {
        let window = |spell: Spell| {
            let (part_s, parts) = spell.parts();
            Window::new(part_s, parts)
        };
        Self {
            minutes: window(Spell::FiveMinutes),
            hours: window(Spell::Day),
        }
    }

    fn count(&self, spell: Spell, now_s: u64) -> u64 {
        match spell {
            Spell::FiveMinutes => self.minutes.count(now_s),
            Spell::Day => self.hours.count(now_s),
        }
    }
}

/// Counts together with the other instances for as long as the server runs.
pub(crate) async fn share(app: App, mut stopped: watch::Receiver<bool>) {
    let Some(redis) = &app.redis else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => return,
        }
        let tiers = app.limits.tiers();
        if share_once(&app, redis, &tiers).await.is_err() {
            tracing::debug!("active users are counted without the other instances");
        }
    }
}

async fn share_once(app: &App, redis: &Redis, tiers: &[String]) -> Result<(), RedisDown> {
    let now_s = app.clock.unix_seconds();
    let mut untold = app.active.take_untold();
    while let Some((tier, mut hashes)) = untold.pop_first() {
        let rest = hashes.split_off(hashes.len().min(AT_ONCE));
        if !rest.is_empty() {
            untold.insert(tier.clone(), rest);
        }
        if let Err(down) = tell(redis, &tier, &hashes, now_s).await {
            untold.entry(tier).or_default().extend(hashes);
            app.active.give_back(untold);
            return Err(down);
        }
    }
    for tier in tiers {
        for spell in Spell::ALL {
            let mut count = redis::cmd("PFCOUNT");
            let (part_s, parts) = spell.parts();
            for back in 0..u64::try_from(parts).unwrap_or_default() {
                count.arg(key(tier, spell, (now_s / part_s).saturating_sub(back)));
            }
            let count: u64 = redis.query(&count).await?;
            let mut state = app.active.state();
            state.together.insert((tier.clone(), spell), (count, now_s));
        }
    }
    Ok(())
}

async fn tell(redis: &Redis, tier: &str, hashes: &[u64], now_s: u64) -> Result<(), RedisDown> {
    let mut pipeline = redis::pipe();
    for spell in Spell::ALL {
        let (part_s, parts) = spell.parts();
        let key = key(tier, spell, now_s / part_s);
        let lives_s = part_s.saturating_mul(u64::try_from(parts + 1).unwrap_or_default());
        let mut add = redis::cmd("PFADD");
        add.arg(&key);
        for hash in hashes {
            add.arg(&hash.to_be_bytes()[..]);
        }
        pipeline.add_command(add).ignore();
        pipeline.cmd("EXPIRE").arg(&key).arg(lives_s).ignore();
    }
    redis.pipeline::<()>(&pipeline).await
}

/// All parts of a tier lie together, so that they can be counted as one.
fn key(tier: &str, spell: Spell, part: u64) -> String {
    format!("{{seawall:active:{tier}}}:{}:{part}", spell.label())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn active() -> Active {
        let pairs = [("DATABASE_URL", "postgres://u@127.0.0.1/x")];
        Active::new(&Config::load(Source::from_pairs(pairs)).unwrap())
    }

    fn told(active: &Active, now_s: u64) -> String {
        let metrics = Metrics::new();
        active.report(["free", "pro"].into_iter(), now_s, &metrics);
        metrics.render()
    }

    #[test]
    fn people_are_counted_once_for_as_long_as_they_were_seen() {
        let (active, start) = (active(), 1_767_225_600);
        for second in 0..120 {
            for user in ["ada", "grace"] {
                active.note(user, start + second, || "pro".to_owned());
            }
        }
        let line = |tier: &str, window: &str, count: u32| {
            format!("active_users{{tier=\"{tier}\",window=\"{window}\"}} {count}\n")
        };
        let now = told(&active, start + 120);
        assert!(
            now.contains(&line("pro", "5m", 2)) && now.contains(&line("pro", "1d", 2)),
            "{now}"
        );
        assert!(now.contains(&line("free", "5m", 0)), "{now}");
        let later = told(&active, start + 600);
        assert!(
            later.contains(&line("pro", "5m", 0)) && later.contains(&line("pro", "1d", 2)),
            "{later}"
        );
        assert!(told(&active, start + 100_000).contains(&line("pro", "1d", 0)));
    }

    #[test]
    fn a_tier_is_asked_for_once_a_minute() {
        let (active, mut asked) = (active(), 0);
        for second in 0..60 {
            active.note("ada", 1_767_225_600 + second, || {
                asked += 1;
                "pro".to_owned()
            });
        }
        assert_eq!(asked, 1);
    }

    #[test]
    fn nothing_waits_for_others_where_there_are_none() {
        let active = active();
        active.note("ada", 60, || "pro".to_owned());
        assert!(active.take_untold().is_empty());
    }
}
