//! What a read is answered with, given what is kept and how the world is.

use super::admit::is_outage;
use super::freshness::Age;
use crate::class::Category;

/// How a caller wants a read to use the cache; the words are those of fetch's own `cache`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As the policy has it.
    #[default]
    Default,
    /// As if there were no cache.
    NoStore,
    /// From the server, and kept.
    Reload,
    /// From the cache, whatever its age, or not at all.
    OnlyIfCached,
}

/// What is known of the world before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// What the caller wants.
    pub mode: Mode,
    /// False when the device knows that it has no network.
    pub online: bool,
    /// The last call to the service found it unwell.
    pub troubled: bool,
}

/// What to do with a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Give what is kept; it is fresh.
    ServeFresh,
    /// Give what is kept; it is stale and nobody is asked.
    ServeStale,
    /// Give what is kept, and have the server asked behind the caller's back.
    ServeStaleAndRevalidate,
    /// Ask the server; what is kept stands by.
    Fetch,
    /// Ask the server for a little while; then give what is kept and keep the answer when it comes.
    FetchBriefly,
    /// Fail: only a kept answer would do, and there is none.
    Refuse,
}

impl Mode {
    /// Every mode, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Default, Self::NoStore, Self::Reload, Self::OnlyIfCached];

    /// The mode of that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// Decides before anything is sent. `held` is the age of what is kept.
#[must_use]
pub fn plan(held: Age, situation: &Situation) -> Plan {
    match (situation.mode, held) {
        (Mode::NoStore | Mode::Reload, _) => Plan::Fetch,
        (Mode::Default | Mode::OnlyIfCached, Age::Fresh) => Plan::ServeFresh,
        (Mode::OnlyIfCached, Age::Stale | Age::LastKnown) => Plan::ServeStale,
        (Mode::OnlyIfCached, Age::Gone) => Plan::Refuse,
        (Mode::Default, Age::Stale | Age::LastKnown) if !situation.online => Plan::ServeStale,
        (Mode::Default, Age::Stale) => Plan::ServeStaleAndRevalidate,
        (Mode::Default, Age::LastKnown) if situation.troubled => Plan::FetchBriefly,
        (Mode::Default, Age::LastKnown | Age::Gone) => Plan::Fetch,
    }
}

/// Whether a read whose answer failed to come is given what is kept instead of the failure.
#[must_use]
pub fn rescues(held: Age, mode: Mode, failure: Category) -> bool {
    let may_be_given = match held {
        Age::Fresh | Age::Stale | Age::LastKnown => true,
        Age::Gone => false,
    };
    let wanted = match mode {
        Mode::Default | Mode::OnlyIfCached => true,
        Mode::NoStore | Mode::Reload => false,
    };
    may_be_given && wanted && is_outage(failure)
}
