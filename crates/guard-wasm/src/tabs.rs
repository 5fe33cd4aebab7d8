//! Several tabs, one limit and one probe: what the page passes between them.
//!
//! JavaScript names windows and breakers to other tabs; here they have their numbers.

use alloc::vec::Vec;

use seawall_policy::breaker::Snapshot;
use seawall_policy::class::Class;
use seawall_policy::error::SnapshotError;
use seawall_policy::limit::lease::{SETTLING, validity};
use seawall_policy::limit::{SlidingWindow, UsageSnapshot};
use seawall_policy::time::{MonoTime, Span};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::breaker::unix;
use crate::limit::Key;
use crate::memory::{leave, with_numbers};
use crate::policy::FINE;
use crate::with;

/// What this tab is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It keeps the limits and lends leave to probe; until then it does not know what the others owe.
    Keeper { settled_at: MonoTime },
    /// Another does, or nobody is known to.
    Follower { keeper_known: bool },
}

/// The number of nothing.
pub const NONE: u32 = u32::MAX;
/// A stored quiet is believed for so long.
const LONGEST_HOLD: Span = Span::from_secs(600);

impl Default for Role {
    /// Alone: it keeps everything, for nobody else.
    fn default() -> Self {
        Self::Keeper {
            settled_at: MonoTime::ZERO,
        }
    }
}

impl Role {
    /// A new window in this role.
    pub(crate) fn take(self, mut window: SlidingWindow, now: MonoTime) -> SlidingWindow {
        match self {
            Self::Follower { keeper_known } => window.borrow(keeper_known),
            Self::Keeper { settled_at } if settled_at > now => {
                window.borrow(true);
                window.keep(settled_at, now);
            }
            Self::Keeper { .. } => (),
        }
        window
    }

    pub(crate) const fn keeps(self) -> bool {
        matches!(self, Self::Keeper { .. })
    }
}

/// From now on this tab asks the keeper; while none is known, it has its allowance.
#[wasm_bindgen]
pub fn follow(guard: usize, keeper_known: bool) {
    with(guard, |core| {
        core.role = Role::Follower { keeper_known };
        for slot in &mut core.breakers {
            slot.breaker.follow();
        }
        core.limits.each(|window| window.borrow(keeper_known));
    });
}

/// A keeper has been heard of.
#[wasm_bindgen]
pub fn heard(guard: usize) {
    with(guard, |core| {
        core.role = Role::Follower { keeper_known: true };
        core.limits.each(SlidingWindow::hear);
    });
}

/// From now on this tab keeps the limits.
#[wasm_bindgen]
pub fn keep(guard: usize, now: f64) {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        let settled_at = now + SETTLING;
        core.role = Role::Keeper { settled_at };
        for slot in &mut core.breakers {
            slot.breaker.lead();
        }
        core.limits.each(|window| window.keep(settled_at, now));
    });
}

/// The keeper has heard what all others owe, but for so many who say nothing.
#[wasm_bindgen]
pub fn settle(guard: usize, silent: u32, now: f64) {
    with(guard, |core| {
        if let Role::Keeper { settled_at } = &mut core.role {
            let now = MonoTime::from_millis_f64(now);
            *settled_at = now;
            core.limits.each(|window| window.settle(silent, now));
        }
    });
}

/// The number of the window for these, made if there is none; [`NONE`] if there can be none.
#[wasm_bindgen]
#[must_use]
pub fn window(guard: usize, scope: usize, endpoint: u32, user: u32, class: u8, now: f64) -> u32 {
    let found = with(guard, |core| {
        let class = Class::from_code(class)?;
        let key = Key {
            user,
            endpoint,
            class,
        };
        let now = MonoTime::from_millis_f64(now);
        core.limits.window(&core.scopes, core.role, key, scope, now)?;
        core.limits.place(key)
    });
    found.and_then(|place| u32::try_from(place).ok()).unwrap_or(NONE)
}

/// Leaves how many calls of the window to ask the keeper for, and how many it owes.
#[wasm_bindgen]
pub fn wants(guard: usize, index: usize, now: f64) {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        if let Some(window) = core.limits.at(index) {
            leave([f64::from(window.wanted(now)), f64::from(window.owes())]);
        }
    });
}

/// How many calls of the window were sent without leave; once told they are owed no more.
#[wasm_bindgen]
#[must_use]
pub fn owed(guard: usize, index: usize) -> u32 {
    with(guard, |core| {
        core.limits.at(index).map_or(0, SlidingWindow::tell_owed)
    })
}

/// The keeper lends; leaves how many, how long they may be sent, and how long until there may be more, in milliseconds.
#[wasm_bindgen]
pub fn lend(guard: usize, index: usize, want: u32, owes: u32, now: f64) {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        if let Some(window) = core.limits.at(index) {
            window.owe(owes, now);
            let count = window.lend(want, now);
            let (valid, retry) = (validity(window.quota()), window.lends_in(now));
            leave([f64::from(count), valid.as_millis_f64(), retry.as_millis_f64()]);
        }
    });
}

/// The keeper has answered what was asked at that instant; given are the three numbers that [`lend`] left there.
#[wasm_bindgen]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
pub fn lent(guard: usize, index: usize, asked: f64, now: f64) {
    with(guard, |core| {
        let (asked, now) = (MonoTime::from_millis_f64(asked), MonoTime::from_millis_f64(now));
        let answer = with_numbers(|numbers| numbers.first_chunk::<3>().copied());
        if let (Some([count, valid, retry]), Some(window)) = (answer, core.limits.at(index)) {
            let span = Span::from_millis_f64;
            window.lent(count as u32, asked, span(valid), span(retry), now);
        }
    });
}

/// Leaves a window's usage as numbers, and says how many: none if there is none, or if this tab does not keep it.
#[wasm_bindgen]
#[must_use]
pub fn usage(guard: usize, index: usize, now: f64, wall: f64) -> usize {
    with(guard, |core| {
        let kept = core.role.keeps();
        let window = core.limits.at(index).filter(|_| kept);
        let usage = window.and_then(|window| window.usage(MonoTime::from_millis_f64(now), unix(wall)));
        usage.map_or(0, |usage| leave(usage.numbers()))
    })
}

/// Takes a stored usage up, given as so many numbers; answers as [`crate::breaker::restore`] does.
#[wasm_bindgen]
#[must_use]
pub fn remember(guard: usize, index: usize, count: usize, now: f64, wall: f64) -> u8 {
    with(guard, |core| {
        let usage =
            with_numbers(|numbers| UsageSnapshot::from_numbers(numbers.get(..count).unwrap_or_default()));
        let taken = usage.and_then(|usage| {
            let now = MonoTime::from_millis_f64(now);
            let window = core.limits.at(index).ok_or(SnapshotError::Malformed)?;
            window.remember(&usage, LONGEST_HOLD, now, unix(wall))
        });
        taken.map_or_else(SnapshotError::code, |()| FINE)
    })
}

/// A breaker that refused a call for want of leave to probe, or [`NONE`].
#[wasm_bindgen]
#[must_use]
pub fn wish(guard: usize) -> u32 {
    let found = with(guard, |core| {
        core.breakers.iter_mut().position(|slot| slot.breaker.poll_wish())
    });
    found.and_then(|index| u32::try_from(index).ok()).unwrap_or(NONE)
}

/// Leaves what a breaker has found, as numbers for other tabs, and says how many.
#[wasm_bindgen]
#[must_use]
pub fn told(guard: usize, index: usize, now: f64, wall: f64) -> usize {
    with(guard, |core| {
        let told = core.breakers.get(index).map(|slot| {
            let snapshot = slot.breaker.told(MonoTime::from_millis_f64(now), unix(wall));
            snapshot.numbers()
        });
        leave(told.unwrap_or_else(Vec::new))
    })
}

/// Takes up what another tab has told, given as so many numbers, if it is younger than what is known here.
#[wasm_bindgen]
pub fn adopt(guard: usize, index: usize, count: usize, now: f64, wall: f64) {
    with(guard, |core| {
        let told = with_numbers(|numbers| Snapshot::from_numbers(numbers.get(..count).unwrap_or_default()));
        if let (Ok(told), Some(slot)) = (told, core.breakers.get_mut(index)) {
            slot.breaker
                .adopt(&told, MonoTime::from_millis_f64(now), unix(wall));
        }
    });
}

/// The keeper is asked for leave to probe; says whether it gives it.
#[wasm_bindgen]
#[must_use]
pub fn lend_leave(guard: usize, index: usize, now: f64) -> bool {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        let slot = core.breakers.get_mut(index);
        slot.is_some_and(|slot| slot.breaker.lend_leave(now, &mut core.rng))
    })
}

/// The keeper has given leave to probe.
#[wasm_bindgen]
pub fn grant_leave(guard: usize, index: usize, now: f64) {
    with(guard, |core| {
        if let Some(slot) = core.breakers.get_mut(index) {
            slot.breaker.grant_leave(MonoTime::from_millis_f64(now));
        }
    });
}
