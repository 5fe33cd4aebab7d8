//! The first moments of a page: calls decided before the whole policy is there.
//!
//! The page's first file holds this instead of the machine of [`crate::call`], which is many times larger and comes
//! a moment later. Until then nothing has failed and hardly anything was sent, so that most calls may simply go: as
//! long as that is sure ([`Early::begin`] with a [`Leave`]), the machine, told of them afterwards in their order,
//! would have let each of them go at the same instant with the same time to live. What is not sure waits for it. One
//! thing the machine alone learns: answers that take longer and longer lower the cap on those under way, which takes
//! two rounds of answers, and by then it is there.
//!
//! Where the machine cannot be had at all, this guards alone, roughly: by the whole quota, by the cap on how many
//! are under way, and by as many failures in a row as open a circuit. It repeats nothing, queues nothing, and knows no
//! more than its latest [`Early::KEPT`] calls.

use crate::breaker::Mode;
use crate::class::{Category, Class, Service};
use crate::limit::{Inflight, lease};
use crate::policy::{Key, Numbers};
use crate::time::{MonoTime, Span};

/// How much of a quota may be used without the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// None: it has to be asked, or another tab has.
    Nothing,
    /// What a tab may send before it knows of the others.
    Allowance,
    /// The whole: there are no other tabs.
    Quota,
    /// The whole, and failures are counted here: the machine cannot be had.
    Alone,
}

/// A call, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The guard's number.
    pub guard: u32,
    /// The breaker's, among the guard's.
    pub breaker: u32,
    /// The user's, among the guard's.
    pub user: u32,
    /// The endpoint's, among the guard's.
    pub endpoint: u32,
    /// The service that is called.
    pub service: Service,
    /// Which quota it counts against.
    pub class: Class,
    /// How long its caller has waited already.
    pub waited: Span,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It is sent now.
    Send {
        /// Its number, for what comes of it.
        number: usize,
        /// When the attempt is given up.
        give_up_at: MonoTime,
    },
    /// It is not sent: the machine decides, or if it cannot be had, that is the end.
    Refuse {
        /// Why.
        category: Category,
        /// When it may be worth trying again; [`MonoTime::FAR`] if nobody knows.
        retry_at: MonoTime,
    },
}

/// The latest calls of all guards.
#[derive(Debug)]
pub struct Early {
    seen: [Seen; Self::KEPT],
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    asking: Asking,
    begun_at: MonoTime,
    ended_at: MonoTime,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No call at all.
    Free,
    Sent,
    /// Its answer has begun: it no longer counts as under way.
    Answered,
    Well,
    Failed,
}

impl Stage {
    const fn is_under_way(self) -> bool {
        matches!(self, Self::Sent | Self::Answered)
    }
}

impl Default for Early {
    fn default() -> Self {
        Self::new()
    }
}

impl Early {
    /// How many calls are remembered.
    pub const KEPT: usize = 64;

    /// Nothing was called yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            seen: [Seen::FREE; Self::KEPT],
        }
    }

    /// Asks to make a call under the rules that a value for every setting gives.
    pub fn begin(&mut self, asking: &Asking, leave: Leave, rules: Numbers<'_>, now: MonoTime) -> Start {
        if let Some((category, retry_at)) = self.refusal(asking, leave, rules, now) {
            return Start::Refuse { category, retry_at };
        }
        // In the place of the oldest that is over, if there is none free.
        let over = self.seen.iter_mut().enumerate();
        let over = over.filter(|(_, seen)| !seen.stage.is_under_way());
        let Some((place, seen)) = over.min_by_key(|(_, seen)| seen.ended_at) else {
            let (category, retry_at) = LIMITED;
            return Start::Refuse { category, retry_at };
        };
        *seen = Seen {
            asking: *asking,
            begun_at: now,
            ended_at: now,
            stage: Stage::Sent,
        };
        let give_up_at = end_of(now.minus(asking.waited), rules.timeout_of(asking.class))
            .max(now)
            .min(deadline(asking, rules, now));
        Start::Send {
            number: place,
            give_up_at,
        }
    }

    /// Its answer has begun.
    pub fn answered(&mut self, number: usize) {
        if let Some(seen) = self.seen.get_mut(number) {
            seen.stage = Stage::Answered;
        }
    }

    /// It is over, and the service well or not.
    pub fn end(&mut self, number: usize, failed: bool, now: MonoTime) {
        if let Some(seen) = self.seen.get_mut(number) {
            seen.ended_at = now;
            seen.stage = if failed { Stage::Failed } else { Stage::Well };
        }
    }

    /// Why it is not sent now, if it is not.
    fn refusal(
        &self,
        asking: &Asking,
        leave: Leave,
        rules: Numbers<'_>,
        now: MonoTime,
    ) -> Option<(Category, MonoTime)> {
        let (limit, window) = (rules.limit(asking.class), rules.window(asking.class));
        let allowed = match leave {
            Leave::Nothing => 0,
            Leave::Allowance => lease::allowance_of(limit),
            Leave::Quota | Leave::Alone => limit,
        };
        let (mut sent, mut oldest, mut under_way) = (0, now, 0);
        for seen in self.of(asking.guard) {
            if seen.counts_with(asking) && now.since(seen.begun_at) < window {
                sent += 1;
                oldest = oldest.min(seen.begun_at);
            }
            if seen.stage == Stage::Sent && seen.asking.service != Service::Auth {
                under_way += 1;
            }
            // What the machine makes of a failure, only the machine knows.
            if seen.stage == Stage::Failed && leave != Leave::Alone {
                return Some(LIMITED);
            }
        }
        if let Some(until) = self.open_until(asking, rules, now) {
            return Some((Category::CircuitOpen, until));
        }
        if sent >= allowed {
            return Some((Category::RateLimited, oldest + window));
        }
        let is_full = under_way >= rules.places() && asking.service != Service::Auth;
        is_full.then_some(LIMITED)
    }

    /// Until when failures in a row keep the circuit open. Then one at a time finds out whether it is well again.
    fn open_until(&self, asking: &Asking, rules: Numbers<'_>, now: MonoTime) -> Option<MonoTime> {
        let threshold = rules.count(Key::BreakerFailureThreshold);
        if threshold == 0 || rules.mode() != Mode::Active {
            return None;
        }
        let own = || {
            self.of(asking.guard)
                .filter(|seen| seen.asking.breaker == asking.breaker)
        };
        let ended = |stage: Stage| {
            own()
                .filter(move |seen| seen.stage == stage)
                .map(|seen| seen.ended_at)
        };
        let last_well = ended(Stage::Well).max().unwrap_or(MonoTime::ZERO);
        let last = ended(Stage::Failed).max()?;
        let in_a_row = ended(Stage::Failed).filter(|at| *at >= last_well).count();
        if in_a_row < threshold as usize {
            return None;
        }
        let until = last + rules.span(Key::BreakerResetTimeout);
        let probes = own().any(|seen| seen.begun_at >= until && seen.stage.is_under_way());
        (until > now || probes).then(|| until.max(now))
    }

    fn of(&self, guard: u32) -> impl Iterator<Item = &Seen> {
        self.seen
            .iter()
            .filter(move |seen| seen.stage != Stage::Free && seen.asking.guard == guard)
    }
}

/// For want of room, until nobody knows when.
const LIMITED: (Category, MonoTime) = (Category::RateLimited, MonoTime::FAR);

impl Seen {
    const FREE: Self = Self {
        asking: Asking {
            guard: 0,
            breaker: 0,
            user: 0,
            endpoint: 0,
            service: Service::Rest,
            class: Class::Reads,
            waited: Span::ZERO,
        },
        begun_at: MonoTime::ZERO,
        ended_at: MonoTime::ZERO,
        stage: Stage::Free,
    };

    fn counts_with(&self, asking: &Asking) -> bool {
        let Asking {
            user,
            endpoint,
            class,
            ..
        } = self.asking;
        user == asking.user && endpoint == asking.endpoint && class == asking.class
    }
}

/// When the whole call must be over; [`MonoTime::FAR`] if it need not be.
#[must_use]
pub fn deadline(asking: &Asking, rules: Numbers<'_>, now: MonoTime) -> MonoTime {
    end_of(now.minus(asking.waited), rules.span(Key::Deadline)).max(now)
}

fn end_of(now: MonoTime, span: Span) -> MonoTime {
    if span.is_zero() { MonoTime::FAR } else { now + span }
}

impl Numbers<'_> {
    /// How many may be under way when nothing has been seen yet.
    fn places(self) -> u32 {
        match self.count(Key::InflightMax) {
            0 => u32::MAX,
            max => Inflight::START.max(self.count(Key::InflightMin)).min(max),
        }
    }
}
