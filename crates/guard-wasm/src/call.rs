//! Calls under way, by number.

use seawall_policy::call::{Action, Call, CallConfig, Guards, Input, Wait};
use seawall_policy::class::hint::Headers;
use seawall_policy::class::outcome::classify;
use seawall_policy::class::{Answer, Category, Fate, Hints, Outcome, Service};
use seawall_policy::queue::Priority;
use seawall_policy::retry::Repeat;
use seawall_policy::time::{MonoTime, Span};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;
use crate::breaker::unix;

/// What the next call brings along beside method and path, as bits.
mod flag {
    /// The caller marks it: twice is the same as once.
    pub(super) const MARKED: u8 = 1;
    /// Its body is a stream and gone once sent.
    pub(super) const ONE_SHOT: u8 = 2;
    /// Its sender repeats some answers by itself (postgrest-js: 503 and 520 to reads).
    pub(super) const REPEATED_OUTSIDE: u8 = 4;
    /// It is such a repetition.
    pub(super) const REPETITION: u8 = 8;
    /// Its priority, apart from a normal one's, stands from here on.
    pub(super) const PRIORITY: u8 = 4;
}

/// What to do with a call, as numbers.
mod action {
    pub(super) const SEND: u8 = 0;
    pub(super) const WAIT_FOR_TURN: u8 = 1;
    pub(super) const WAIT_TO_RETRY: u8 = 2;
    pub(super) const REFUSE: u8 = 3;
    pub(super) const GIVE: u8 = 4;
    pub(super) const WAIT_FOR_PLACE: u8 = 5;
}

/// The number of no call: there are 65,536 under way already.
const NOBODY: u32 = u32::MAX;

/// No category: nothing failed.
const NO_CATEGORY: u8 = u8::MAX;

#[derive(Debug)]
struct Active {
    call: Call,
    config: CallConfig,
    route: u32,
    user: u32,
    breaker: usize,
    flags: u8,
    action: Action,
    /// Whether the action was given out: the next question is then a look at the clock.
    given_out: bool,
    category: Option<Category>,
    retry_at: Option<MonoTime>,
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
    headers: Received,
    /// How long the caller of the next call has waited already.
    waited: Span,
}

/// Headers of the answer about to be told; most answers have none of them.
#[derive(Debug, Default)]
struct Received {
    texts: [Option<String>; 7],
}

/// `Prefer` belongs to the request, the others to the answer.
const PREFER: usize = 6;

#[wasm_bindgen]
impl Core {
    /// Notes a header for the next [`Core::begin`] (6 `Prefer`) or [`Core::answered`] (0 `Retry-After`,
    /// 1 `RateLimit`, 2 `RateLimit-Policy`, 3 to 5 `X-RateLimit-Limit`, `-Remaining`, `-Reset`).
    pub fn header(&mut self, which: u8, text: String) {
        if let Some(slot) = self.calls.headers.texts.get_mut(usize::from(which)) {
            *slot = Some(text);
        }
    }

    /// Notes for the next [`Core::begin`] that its caller has waited for so many milliseconds already.
    pub fn waited(&mut self, millis: f64) {
        self.calls.waited = Span::from_millis_f64(millis);
    }

    /// Begins a call and decides its first step. The number is good until [`Core::end`].
    pub fn begin(&mut self, route: u32, user: u32, flags: u8, now: f64) -> u32 {
        let prefer = self.calls.headers.texts.get_mut(PREFER).and_then(Option::take);
        let waited = core::mem::take(&mut self.calls.waited);
        let Some(target) = self.routes.get(route) else {
            return NOBODY;
        };
        let Some(rules) = self.policy.rules(target.service, &target.endpoint) else {
            return NOBODY;
        };
        let mut config = rules.call(target.class);
        config.patience.priority = Priority::from_code((flags >> flag::PRIORITY) ^ Priority::Normal as u8);
        if flags & (flag::ONE_SHOT | flag::REPETITION) != 0 {
            config.retry.attempts = 1;
        }
        let repeat = if flags & flag::MARKED != 0 {
            Repeat::Safe
        } else {
            target.repeat(prefer.as_deref())
        };
        let own = rules
            .own_breaker
            .then(|| self.breakers.iter().position(|slot| slot.key == target.endpoint));
        let breaker = own.flatten().unwrap_or(usize::from(target.service.code()));
        let active = Active {
            call: Call::new(repeat).after_waiting(waited),
            config,
            route,
            user,
            breaker,
            flags,
            action: Action::Pending,
            given_out: false,
            category: None,
            retry_at: None,
        };
        let id = self.calls.add(active);
        self.feed(id, Input::Start, MonoTime::from_millis_f64(now));
        id
    }

    /// What to do now: 0 send, 1 sleep until its turn, 2 sleep until the next attempt, 3 refuse, 4 give what the
    /// last attempt brought, 5 sleep until [`Core::next_ready`] names it. Asked again after a sleep, it looks at
    /// the clock.
    pub fn next(&mut self, id: u32, now: f64) -> u8 {
        let looked_at = self.calls.get(id).is_some_and(|active| active.given_out);
        if looked_at {
            self.feed(id, Input::Woken, MonoTime::from_millis_f64(now));
        }
        let Some(active) = self.calls.get_mut(id) else {
            return action::GIVE;
        };
        let repeated = core::mem::replace(&mut active.given_out, true);
        match active.action {
            // Sent already and not told about: asking again must not send again.
            Action::Send { .. } if repeated => action::GIVE,
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
        }
    }

    /// When the sleep ends, or the attempt is given up; infinite if never.
    #[must_use]
    pub fn until(&self, id: u32) -> f64 {
        let instant = self.calls.get(id).and_then(|active| active.call.next_deadline());
        instant.map_or(f64::INFINITY, just_after)
    }

    /// When the whole call must be over; infinite if it need not be.
    #[must_use]
    pub fn deadline(&self, id: u32) -> f64 {
        self.calls
            .get(id)
            .map_or(f64::INFINITY, |active| just_after(active.call.deadline()))
    }

    /// How long an attempt may take and a body may pause, in milliseconds; infinite if it may for ever.
    #[must_use]
    pub fn patience(&self, id: u32) -> f64 {
        let timeout = self.calls.get(id).map(|active| active.config.timeout);
        timeout
            .filter(|span| !span.is_zero())
            .map_or(f64::INFINITY, Span::as_millis_f64)
    }

    /// How the latest attempt, or the call, failed; 255 if it did not.
    #[must_use]
    pub fn category(&self, id: u32) -> u8 {
        self.calls
            .get(id)
            .and_then(|active| active.category)
            .map_or(NO_CATEGORY, Category::code)
    }

    /// How long until a refused call may be worth repeating, in milliseconds; infinite if nobody knows.
    #[wasm_bindgen(js_name = retryAfter)]
    #[must_use]
    pub fn retry_after(&self, id: u32, now: f64) -> f64 {
        let now = MonoTime::from_millis_f64(now);
        let retry_at = self.calls.get(id).and_then(|active| active.retry_at);
        retry_at.map_or(f64::INFINITY, |instant| instant.since(now).as_millis_f64())
    }

    /// A good answer was handed over and its body is on the way: whatever comes of it, nothing is repeated.
    pub fn deliver(&mut self, id: u32, now: f64) {
        self.feed(id, Input::Answering, MonoTime::from_millis_f64(now));
        if let Some(active) = self.calls.get_mut(id) {
            active.config.retry.attempts = 1;
        }
    }

    /// The attempt was answered.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an optional text crosses the boundary owned"
    )]
    pub fn answered(&mut self, id: u32, status: u16, code: Option<String>, now: f64, wall: f64) {
        let hints = Hints::read(&self.calls.headers.as_headers(), unix(wall));
        self.calls.headers.forget();
        let Some(active) = self.calls.get(id) else { return };
        let Some(target) = self.routes.get(active.route) else {
            return;
        };
        let answer = Answer::Response {
            service: target.service,
            status,
            code: code.as_deref(),
            retry_after: hints.retry_after,
        };
        let outcome = classify(&answer);
        let outcome = if active.is_repeated_outside(status) {
            left_alone(outcome)
        } else {
            outcome
        };
        self.settle(id, &outcome, hints, MonoTime::from_millis_f64(now));
    }

    /// The attempt ended without an answer: 0 the network failed, 1 there is none, 2 its time ran out, 3 the caller
    /// gave up.
    pub fn broke(&mut self, id: u32, how: u8, now: f64) {
        let now = MonoTime::from_millis_f64(now);
        match how {
            0 => self.settle(id, &Outcome::NETWORK, Hints::default(), now),
            1 => self.settle(id, &Outcome::OFFLINE, Hints::default(), now),
            2 => {
                self.judge(id, &Outcome::TIMEOUT);
                self.feed(id, Input::Woken, now);
            }
            _ => {
                self.judge(id, &Outcome::ABORTED);
                self.feed(id, Input::Aborted, now);
            }
        }
    }

    /// The call whose place has become free, to be woken now; the number of no call if there is none.
    #[wasm_bindgen(js_name = nextReady)]
    pub fn next_ready(&mut self, now: f64) -> u32 {
        let Some(slot) = self.inflight.poll_ready(MonoTime::from_millis_f64(now)) else {
            return NOBODY;
        };
        self.calls.find(|call| call.in_line() == Some(slot))
    }

    /// How long the call has waited for turns and places, in milliseconds.
    #[must_use]
    pub fn queued(&self, id: u32, now: f64) -> f64 {
        let now = MonoTime::from_millis_f64(now);
        self.calls
            .get(id)
            .map_or(0.0, |active| active.call.queued(now).as_millis_f64())
    }

    /// Forgets a call; one that is not over is given up.
    pub fn end(&mut self, id: u32, now: f64) {
        if self.calls.get(id).is_some_and(|active| !active.call.is_over()) {
            self.feed(id, Input::Aborted, MonoTime::from_millis_f64(now));
        }
        self.calls.remove(id);
    }
}

impl Core {
    fn judge(&mut self, id: u32, outcome: &Outcome) {
        if let Some(active) = self.calls.get_mut(id) {
            active.category = outcome.category;
        }
    }

    fn settle(&mut self, id: u32, outcome: &Outcome, hints: Hints, now: MonoTime) {
        self.judge(id, outcome);
        let attempt = self.calls.get(id).map_or(0, |active| active.call.attempts());
        self.feed(
            id,
            Input::Settled {
                attempt,
                outcome,
                rate: hints.rate,
            },
            now,
        );
    }

    /// One step of the machine, with what it shares lent to it.
    fn feed(&mut self, id: u32, input: Input<'_>, now: MonoTime) {
        let Some(active) = self.calls.get_mut(id) else {
            return;
        };
        let Some(route) = self.routes.get(active.route) else {
            return;
        };
        let Some(slot) = self.breakers.get_mut(active.breaker) else {
            return;
        };
        let Some(budget) = self.budgets.get_mut(usize::from(route.service.code())) else {
            return;
        };
        let limiter = self.limits.window(&self.policy, active.user, route, now);
        // A call may wait for a token that only the auth service gives: that one must never stand in line behind it.
        let inflight = (route.service != Service::Auth).then_some(&mut self.inflight);
        let mut guards = Guards {
            breaker: &mut slot.breaker,
            limiter,
            inflight,
            budget,
        };
        let action = active
            .call
            .handle(&active.config, &mut guards, input, now, &mut self.rng);
        if action == Action::Pending {
            return;
        }
        active.given_out = false;
        active.action = action;
        if let Action::Fail { category, retry_at } = action {
            active.category = Some(category);
            active.retry_at = retry_at;
        }
    }
}

impl Active {
    fn is_repeated_outside(&self, status: u16) -> bool {
        self.flags & flag::REPEATED_OUTSIDE != 0 && matches!(status, 503 | 520)
    }
}

/// The outcome for the breaker as it is, for a retry as if none could help: somebody else repeats it.
fn left_alone(outcome: Outcome) -> Outcome {
    Outcome {
        transient: false,
        fate: Fate::Settled,
        ..outcome
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
        let [index, generation] = halves(id);
        let Some(place) = self.places.get_mut(usize::from(index)) else {
            return;
        };
        if place.generation == generation && place.active.take().is_some() {
            place.generation = place.generation.wrapping_add(1);
            self.free.push(index);
        }
    }

    /// The number of the first call of which this holds.
    fn find(&self, holds: impl Fn(&Call) -> bool) -> u32 {
        let places = (0_u32..).zip(&self.places);
        let found = places.into_iter().find_map(|(index, place)| {
            let active = place.active.as_ref().filter(|active| holds(&active.call));
            active.map(|_| (u32::from(place.generation) << 16) | index)
        });
        found.unwrap_or(NOBODY)
    }

    fn get(&self, id: u32) -> Option<&Active> {
        let [index, generation] = halves(id);
        let place = self.places.get(usize::from(index))?;
        place.active.as_ref().filter(|_| place.generation == generation)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Active> {
        let [index, generation] = halves(id);
        let place = self.places.get_mut(usize::from(index))?;
        place.active.as_mut().filter(|_| place.generation == generation)
    }
}

impl Received {
    fn as_headers(&self) -> Headers<'_> {
        let [
            retry_after,
            rate_limit,
            rate_limit_policy,
            limit,
            remaining,
            reset,
            _,
        ] = &self.texts;
        Headers {
            retry_after: retry_after.as_deref(),
            rate_limit: rate_limit.as_deref(),
            rate_limit_policy: rate_limit_policy.as_deref(),
            limit: limit.as_deref(),
            remaining: remaining.as_deref(),
            reset: reset.as_deref(),
        }
    }

    fn forget(&mut self) {
        self.texts = Default::default();
    }
}

const fn halves(id: u32) -> [u16; 2] {
    let [a, b, c, d] = id.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}
