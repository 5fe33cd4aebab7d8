//! What goes into a call and what comes out of it.

use crate::breaker::Breaker;
use crate::class::hint::RateHint;
use crate::class::{Category, Outcome};
use crate::limit::{Inflight, Patience, SlidingWindow};
use crate::retry::{Budget, RetryConfig};
use crate::time::{MonoTime, Span};

/// The rules one call goes by. A zero timeout or deadline is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallConfig {
    /// The longest an attempt may take.
    pub timeout: Span,
    /// The longest the whole call may take, waits and retries included.
    pub deadline: Span,
    /// When to try again.
    pub retry: RetryConfig,
    /// How long to wait for a turn, and how urgently.
    pub patience: Patience,
    /// How long to wait for a place among those under way; zero: as long as the call may take.
    pub slot_wait: Span,
    /// How long a 429 that names no time holds a class.
    pub hold_off: Span,
    /// The longest that any server's advice holds a class.
    pub max_hold: Span,
}

/// What is shared with other calls, lent for one step.
#[derive(Debug)]
pub struct Guards<'a> {
    /// The breaker of the service or endpoint.
    pub breaker: &'a mut Breaker,
    /// The limiter of the key, if its calls are limited here.
    pub limiter: Option<&'a mut SlidingWindow>,
    /// The places of those under way, if their number is capped here.
    pub inflight: Option<&'a mut Inflight>,
    /// The retry budget.
    pub budget: &'a mut Budget,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The caller wants the call made. The first input, given once.
    Start,
    /// The timer fired, or somebody looked at the clock.
    Woken,
    /// A good answer has begun, its body is on the way: the server has done its work, and the place is free.
    Answering,
    /// An attempt ended by itself.
    Settled {
        /// The number that [`Action::Send`] gave it.
        attempt: u32,
        /// How it ended.
        outcome: &'a Outcome,
        /// What its headers said about the server's limits.
        rate: Option<RateHint>,
    },
    /// The caller gave up.
    Aborted,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the request.
    Send {
        /// The number of the attempt, from 1.
        attempt: u32,
        /// When it will be given up.
        give_up_at: MonoTime,
    },
    /// Send nothing until then; cancel the attempt that is under way, if one is.
    SleepUntil {
        /// When to wake the call.
        at: MonoTime,
        /// What for.
        reason: Wait,
    },
    /// Hand the result of the last attempt to the caller as it is. The end.
    Deliver,
    /// Hand the caller an error of this category; cancel the attempt that is under way, if one is. The end.
    Fail {
        /// Why.
        category: Category,
        /// When it may be worth trying again, if that is known.
        retry_at: Option<MonoTime>,
    },
    /// Go on as before.
    Pending,
}

/// What a sleeping call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Its turn.
    Turn,
    /// A place among those under way: woken when [`Inflight::poll_ready`] names it, and at the latest then.
    Slot,
    /// The moment of its next attempt.
    Retry,
}
