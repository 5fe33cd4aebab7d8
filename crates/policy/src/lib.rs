//! Traffic policies without I/O: circuit breaker, limits, retries, classification, one call's life.
//!
//! The same code runs natively in the server and as wasm32 in the page, so that both decide alike. It performs
//! nothing: `now` and randomness are arguments, waiting is an instant in an answer, and whoever calls
//! owns the timer, the lock and the socket.
//!
//! # Map
//!
//! | module | answers |
//! |---|---|
//! | [`time`], [`rng`] | what instants, spans and randomness are; how a clock that is set back is lived with |
//! | [`class`] | what a request is ([`class::Target`]), what its end means ([`class::classify`]), what the peer advises ([`class::Hints`]) |
//! | [`breaker`] | may this service be called at all? |
//! | [`limit`] | is it this key's turn? is there a place among those under way? |
//! | [`retry`] | is another attempt worth it, when, and who pays? |
//! | [`cache`] | may this answer be kept, for whom, and until when? |
//! | [`call`] | what does this call do next? The three above, with timeouts and a deadline, as one machine |
//! | [`early`] | may this call go before the machine of [`call`] is there? |
//! | [`outbox`] | which queued write goes next, under whom, and what its answer means |
//! | [`queue`] | who goes first where calls wait? which requests may go together, which must be taken apart? |
//! | [`policy`] | which settings hold here? One document for both sides |
//! | [`histogram`] | how long did it take, mostly? One set of buckets for the breaker, the page's metrics and the server |
//! | [`event`], [`error`] | what happened to a breaker; what is wrong with an input |
//! | `scenario` | (feature) replays the written scenarios of `tests/scenarios`, natively and in a browser |
//!
//! # Invariants
//!
//! - A refusal is not an error: `Err` is for bad input. Refusals say when to come back, and the instant is exact
//!   wherever it can be.
//! - Nothing panics, whatever is fed in: arithmetic saturates, stored states and peers' advice are bounded by the
//!   configuration.
//! - A permit, a ticket and an attempt number are numbers: forgotten they leak nothing, late or forged they
//!   change nothing.
//! - Without its default feature the crate needs no parser, no map and no printing of floating numbers: bytes
//!   count before the first guarded call.
//!
//! # One guarded call
//!
//! ```
//! use seawall_policy::breaker::Breaker;
//! use seawall_policy::call::{Action, Call, Guards, Input};
//! use seawall_policy::class::{Answer, Target, classify};
//! use seawall_policy::limit::SlidingWindow;
//! use seawall_policy::policy::Policy;
//! use seawall_policy::retry::{Budget, repeatability};
//! use seawall_policy::rng::SplitMix64;
//! use seawall_policy::time::MonoTime;
//!
//! let policy = Policy::default();
//! let target = Target::of("GET", "/rest/v1/messages");
//! let rules = policy.rules(target.service, target.endpoint);
//!
//! // Shared between calls: a breaker and a budget for each service, a limiter for each key.
//! let mut breaker = Breaker::new(rules.breaker);
//! let mut limiter = SlidingWindow::new(rules.quota(target.class));
//! let mut budget = Budget::new(rules.retry.budget);
//! let mut rng = SplitMix64::new(1);
//! let mut guards = Guards { breaker: &mut breaker, limiter: Some(&mut limiter), inflight: None, budget: &mut budget };
//!
//! let config = rules.call(target.class);
//! let mut call = Call::new(repeatability(target.service, "GET", None));
//! let now = MonoTime::from_millis(0);
//! let Action::Send { attempt, give_up_at } = call.handle(&config, &mut guards, Input::Start, now, &mut rng) else {
//!     panic!("nothing stands in the way of the first call");
//! };
//! assert_eq!(give_up_at, MonoTime::from_millis(10_000));
//!
//! // The driver sends the request; the answer comes 40 ms later.
//! let answer = Answer::Response { service: target.service, status: 200, code: None, retry_after: None };
//! let input = Input::Settled { attempt, outcome: &classify(&answer), rate: None };
//! let now = MonoTime::from_millis(40);
//! assert_eq!(call.handle(&config, &mut guards, input, now, &mut rng), Action::Deliver);
//! ```

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod breaker;
#[cfg(feature = "std")]
pub mod cache;
pub mod call;
pub mod class;
pub mod early;
pub mod error;
pub mod event;
pub mod histogram;
pub mod limit;
#[cfg(feature = "std")]
pub mod outbox;
pub mod policy;
pub mod queue;
pub mod retry;
pub mod rng;
#[cfg(feature = "scenario")]
pub mod scenario;
#[cfg(feature = "std")]
mod stored;
pub mod time;
mod whole;
