//! Calls under way, by number.
//!
//! A call begins and goes on with one function each, which answer with what to do now and leave the details as
//! numbers (see [`place`]). With [`action::REFUSE`] or [`action::GIVE`] it is over and its number means nobody.

use alloc::vec::Vec;

use seawall_policy::call::{Action, Call, CallConfig, Guards, Input, Wait};
use seawall_policy::class::hint::Headers;
use seawall_policy::class::outcome::{by_status, classify};
use seawall_policy::class::{Answer, Category, Class, Fate, Hints, Outcome, Service};
use seawall_policy::event::State;
use seawall_policy::queue::Priority;
use seawall_policy::retry::Repeat;
use seawall_policy::time::{MonoTime, Span};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::breaker::unix;
use crate::limit::Key;
use crate::memory::{leave, with_text};
use crate::{Core, with};

/// What a call is, as bits: its service (3), its class (3), and these.
mod flag {
    /// Twice is the same as once.
    pub(super) const REPEATABLE: u32 = 1 << 6;
    /// Its body is a stream and gone once sent.
    pub(super) const ONE_SHOT: u32 = 1 << 7;
    /// Its sender repeats some answers by itself (postgrest-js: 503 and 520 to reads).
    pub(super) const REPEATED_OUTSIDE: u32 = 1 << 8;
    /// It is such a repetition.
    pub(super) const REPETITION: u32 = 1 << 9;
    /// Where its priority stands.
    pub(super) const PRIORITY: u32 = 10;
}

/// What to do with a call.
pub mod action {
    /// Send; the attempt may take until the instant that is left.
    pub const SEND: u8 = 0;
    /// Sleep until the instant that is left, for its turn, and ask [`super::next`].
    pub const WAIT_FOR_TURN: u8 = 1;
    /// Sleep until the next attempt, and ask [`super::next`].
    pub const WAIT_TO_RETRY: u8 = 2;
    /// Nothing was sent and nothing will be.
    pub const REFUSE: u8 = 3;
    /// Give the caller what the last attempt brought.
    pub const GIVE: u8 = 4;
    /// Sleep until the instant that is left, or until [`super::ready`] names it, and ask [`super::next`].
    pub const WAIT_FOR_PLACE: u8 = 5;
}

/// How an attempt ended without an answer; four more if its answer was delivered and only its body broke.
pub mod end {
    /// The network failed.
    pub const NETWORK: u8 = 0;
    /// There is none.
    pub const OFFLINE: u8 = 1;
    /// Its time ran out.
    pub const TIMED_OUT: u8 = 2;
    /// The caller gave up.
    pub const ABORTED: u8 = 3;
    /// Whatever comes of the body, nothing is repeated.
    pub const DELIVERED: u8 = 4;
}

/// Which number says what after every step of a call.
pub mod place {
    /// The call's number.
    pub const ID: usize = 0;
    /// When the sleep ends or the attempt is given up; infinite if never.
    pub const UNTIL: usize = 1;
    /// How the latest attempt, or the call, failed; [`super::NO_CATEGORY`] if it did not.
    pub const CATEGORY: usize = 2;
    /// When a refused call may be worth repeating; infinite if nobody knows.
    pub const RETRY_AT: usize = 3;
    /// 1 if a breaker has something to tell or changes by itself: time to look at transitions.
    pub const NEWS: usize = 4;
    /// When the whole call must be over; infinite if it need not be.
    pub const DEADLINE: usize = 5;
    /// How long an attempt may take and a body may pause, in milliseconds; infinite if it may for ever.
    pub const PATIENCE: usize = 6;
    /// How long it has waited for turns and places, in milliseconds.
    pub const QUEUED: usize = 7;
}

/// No category: nothing failed.
pub const NO_CATEGORY: u8 = u8::MAX;

/// The number of no call: there are 65,536 under way already, or the guard has no policy.
const NOBODY: u32 = u32::MAX;

#[derive(Debug)]
struct Active {
    call: Call,
    config: CallConfig,
    service: Service,
    key: Key,
    scope: usize,
    breaker: usize,
    repeated_outside: bool,
    action: Action,
    category: Option<Category>,
    retry_at: MonoTime,
}

#[derive(Debug, Default)]
struct Place {
    generation: u16,
    active: Option<Active>,
}

/// The calls under way. A number is a place and its generation, so that an old number means nobody.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    places: Vec<Place>,
    free: Vec<u16>,
}

/// Begins a call: at a place of the policy, to an endpoint, of a user, of a kind (service, class and bits), whose caller
/// has waited for so many milliseconds already.
#[wasm_bindgen]
#[must_use]
#[expect(
    clippy::too_many_arguments,
    reason = "an object that held them would cost more than the call"
)]
pub fn begin(guard: usize, scope: usize, endpoint: u32, user: u32, kind: u32, waited: f64, now: f64) -> u8 {
    with(guard, |core| {
        let id = core.begin(scope, endpoint, user, kind, waited);
        core.step(id, Input::Start, MonoTime::from_millis_f64(now))
    })
    .unwrap_or(action::GIVE)
}

/// Goes on after a sleep.
#[wasm_bindgen]
#[must_use]
pub fn next(guard: usize, id: u32, now: f64) -> u8 {
    step(guard, id, Input::Woken, now)
}

/// Goes on after an answer. Its letters are `Retry-After`, `RateLimit`, `RateLimit-Policy`, `X-RateLimit-Limit`,
/// `-Remaining`, `-Reset` and the code in its body, a line each; empty where there is none of them.
#[wasm_bindgen]
#[must_use]
pub fn answered(guard: usize, id: u32, status: u16, length: usize, now: f64, wall: f64) -> u8 {
    with_text(length, |text| {
        let mut lines = text
            .splitn(7, '\n')
            .map(|line| Some(line).filter(|line| !line.is_empty()));
        let mut line = || lines.next().flatten();
        let headers = Headers {
            retry_after: line(),
            rate_limit: line(),
            rate_limit_policy: line(),
            limit: line(),
            remaining: line(),
            reset: line(),
        };
        let hints = Hints::read(&headers, unix(wall));
        with(guard, |core| {
            let active = core.calls.get_mut(id)?;
            let outcome = classify(&Answer::Response {
                service: active.service,
                status,
                code: line(),
                retry_after: hints.retry_after,
            });
            let outcome = active.left_alone(status, outcome);
            core.settle(id, &outcome, hints, now)
        })
        .unwrap_or(action::GIVE)
    })
}

/// Goes on after an answer of which nothing counts but its status: none of the headers and codes that [`answered`] reads
/// is there, or what reads them is not.
#[wasm_bindgen]
#[must_use]
pub fn stood(guard: usize, id: u32, status: u16, now: f64) -> u8 {
    with(guard, |core| {
        let active = core.calls.get_mut(id)?;
        let outcome = active.left_alone(status, by_status(active.service, status));
        core.settle(id, &outcome, Hints::default(), now)
    })
    .unwrap_or(action::GIVE)
}

/// A good answer has begun: its place among those under way is free.
#[wasm_bindgen]
pub fn deliver(guard: usize, id: u32, now: f64) {
    let _ = step(guard, id, Input::Answering, now);
}

/// The call whose place has become free, to be woken now; the number of no call, 2^32 - 1, if there is none.
#[wasm_bindgen]
#[must_use]
pub fn ready(guard: usize, now: f64) -> u32 {
    let found = with(guard, |core| {
        let slot = core.inflight.poll_ready(MonoTime::from_millis_f64(now))?;
        core.calls.find(|call| call.in_line() == Some(slot))
    });
    found.unwrap_or(NOBODY)
}

/// Goes on after an attempt that ended without an answer.
#[wasm_bindgen]
#[must_use]
pub fn broke(guard: usize, id: u32, how: u8, now: f64) -> u8 {
    let outcome = match how % end::DELIVERED {
        end::NETWORK => Outcome::NETWORK,
        end::OFFLINE => Outcome::OFFLINE,
        end::TIMED_OUT => Outcome::TIMEOUT,
        _ => Outcome::ABORTED,
    };
    with(guard, |core| {
        let active = core.calls.get_mut(id)?;
        active.category = outcome.category;
        if how >= end::DELIVERED {
            active.config.retry.attempts = 1;
        }
        Some(())
    });
    match how % end::DELIVERED {
        end::TIMED_OUT => {
            let action = step(guard, id, Input::Woken, now);
            // Over, or reported before it could be: then it is given up.
            if action == action::GIVE {
                let _ = step(guard, id, Input::Aborted, now);
            }
            action
        }
        end::ABORTED => step(guard, id, Input::Aborted, now),
        _ => {
            let action = with(guard, |core| core.settle(id, &outcome, Hints::default(), now));
            action.unwrap_or(action::GIVE)
        }
    }
}

fn step(guard: usize, id: u32, input: Input<'_>, now: f64) -> u8 {
    let action = with(guard, |core| core.step(id, input, MonoTime::from_millis_f64(now)));
    action.unwrap_or(action::GIVE)
}

impl Core {
    fn begin(&mut self, scope: usize, endpoint: u32, user: u32, kind: u32, waited: f64) -> u32 {
        let Some(place) = self.scopes.get(scope) else {
            return NOBODY;
        };
        let code = |shift: u32| u8::try_from((kind >> shift) & 7).unwrap_or_default();
        let service = Service::from_code(code(0)).unwrap_or(Service::Rest);
        let class = Class::from_code(code(3)).unwrap_or(Class::Reads);
        let mut config = place.rules.call(class);
        config.patience.priority =
            Priority::from_code(u8::try_from((kind >> flag::PRIORITY) & 3).unwrap_or_default());
        if kind & (flag::ONE_SHOT | flag::REPETITION) != 0 {
            config.retry.attempts = 1;
        }
        let repeat = if kind & flag::REPEATABLE != 0 {
            Repeat::Safe
        } else {
            Repeat::IfNotDone
        };
        self.calls.add(Active {
            call: Call::new(repeat).after_waiting(Span::from_millis_f64(waited)),
            config,
            service,
            key: Key {
                user,
                endpoint,
                class,
            },
            scope,
            breaker: place.breaker,
            repeated_outside: kind & flag::REPEATED_OUTSIDE != 0,
            action: Action::Pending,
            category: None,
            retry_at: MonoTime::FAR,
        })
    }

    fn settle(&mut self, id: u32, outcome: &Outcome, hints: Hints, now: f64) -> Option<u8> {
        let active = self.calls.get_mut(id)?;
        active.category = outcome.category;
        let input = Input::Settled {
            attempt: active.call.attempts(),
            outcome,
            rate: hints.rate,
        };
        self.step(id, input, MonoTime::from_millis_f64(now))
    }

    /// One step of the machine, with what it shares lent to it.
    fn step(&mut self, id: u32, input: Input<'_>, now: MonoTime) -> Option<u8> {
        let active = self.calls.get_mut(id)?;
        let slot = self.breakers.get_mut(active.breaker)?;
        let mut guards = Guards {
            limiter: self
                .limits
                .window(&self.scopes, self.role, active.key, active.scope, now),
            // A call may wait for a token that only the auth service gives: that one must never stand in line behind it.
            inflight: (active.service != Service::Auth).then_some(&mut self.inflight),
            budget: self.budgets.get_mut(usize::from(active.service.code()))?,
            breaker: &mut slot.breaker,
        };
        let action = active
            .call
            .handle(&active.config, &mut guards, input, now, &mut self.rng);
        // Sent already and not told about: asking again must not send again.
        let sent_before = matches!(active.action, Action::Send { .. }) && action == Action::Pending;
        if action != Action::Pending {
            active.action = action;
        }
        if let Action::Fail { category, retry_at } = action {
            active.category = Some(category);
            active.retry_at = retry_at.unwrap_or(MonoTime::FAR);
        }
        let code = match active.action {
            Action::Send { .. } if sent_before => action::GIVE,
            Action::Send { .. } => action::SEND,
            Action::SleepUntil {
                reason: Wait::Turn, ..
            } => action::WAIT_FOR_TURN,
            Action::SleepUntil {
                reason: Wait::Retry, ..
            } => action::WAIT_TO_RETRY,
            Action::SleepUntil {
                reason: Wait::Slot, ..
            } => action::WAIT_FOR_PLACE,
            Action::Fail { .. } if active.call.attempts() == 0 => action::REFUSE,
            Action::Fail { .. } | Action::Deliver | Action::Pending => action::GIVE,
        };
        let patience = active.config.timeout;
        leave([
            f64::from(id),
            active.call.next_deadline().map_or(f64::INFINITY, just_after),
            f64::from(active.category.map_or(NO_CATEGORY, Category::code)),
            exactly(active.retry_at),
            f64::from(u8::from(
                slot.breaker.circuit_state() != State::Closed || slot.breaker.has_news(),
            )),
            just_after(active.call.deadline()),
            milliseconds(patience),
            active.call.queued(now).as_millis_f64(),
        ]);
        if matches!(code, action::REFUSE | action::GIVE) && !sent_before {
            self.calls.remove(id);
        }
        Some(code)
    }
}

impl Active {
    /// The outcome for the breaker as it is, for a retry as if none could help where somebody else repeats it.
    fn left_alone(&self, status: u16, outcome: Outcome) -> Outcome {
        if !self.repeated_outside || !matches!(status, 503 | 520) {
            return outcome;
        }
        Outcome {
            transient: false,
            fate: Fate::Settled,
            ..outcome
        }
    }
}

/// How long an attempt may take; infinite for zero.
pub(crate) fn milliseconds(patience: Span) -> f64 {
    if patience.is_zero() {
        f64::INFINITY
    } else {
        patience.as_millis_f64()
    }
}

pub(crate) fn exactly(instant: MonoTime) -> f64 {
    if instant == MonoTime::FAR {
        f64::INFINITY
    } else {
        instant.as_millis_f64()
    }
}

/// An instant in milliseconds, not a hair too early when it comes back as a number.
pub(crate) fn just_after(instant: MonoTime) -> f64 {
    if instant == MonoTime::FAR {
        f64::INFINITY
    } else {
        instant.as_millis_f64() + 0.001
    }
}

impl Calls {
    fn add(&mut self, active: Active) -> u32 {
        let Some(index) = self.free.pop().or_else(|| self.grow()) else {
            return NOBODY;
        };
        let Some(place) = self.places.get_mut(usize::from(index)) else {
            return NOBODY;
        };
        place.active = Some(active);
        (u32::from(place.generation) << 16) | u32::from(index)
    }

    fn grow(&mut self) -> Option<u16> {
        let index = u16::try_from(self.places.len()).ok()?;
        self.places.push(Place::default());
        Some(index)
    }

    fn remove(&mut self, id: u32) {
        if let Some(place) = self.place(id) {
            place.active = None;
            place.generation = place.generation.wrapping_add(1);
            self.free.push(u16::try_from(id & 0xFFFF).unwrap_or_default());
        }
    }

    /// The number of the first call of which this holds.
    fn find(&self, holds: impl Fn(&Call) -> bool) -> Option<u32> {
        (0_u32..).zip(&self.places).find_map(|(index, place)| {
            let active = place.active.as_ref()?;
            holds(&active.call).then_some((u32::from(place.generation) << 16) | index)
        })
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Active> {
        self.place(id)?.active.as_mut()
    }

    fn place(&mut self, id: u32) -> Option<&mut Place> {
        let place = self.places.get_mut(usize::try_from(id & 0xFFFF).ok()?)?;
        (u32::from(place.generation) == id >> 16).then_some(place)
    }
}
