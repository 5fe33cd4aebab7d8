//! Calls of a page's first moments: what the first half of the module decides by itself.
//!
//! It works on one list for all guards, without an allocator, and knows a guard by the number that JavaScript gives
//! it. When the second half has come, JavaScript tells the guard of these calls as if it had been asked.

use seawall_policy::class::outcome::{category_by_status, is_unwell};
use seawall_policy::class::{Category, Class, Service};
use seawall_policy::early::{Asking, Early, Leave, Start, deadline};
use seawall_policy::error::ConfigError;
use seawall_policy::policy::Numbers;
use seawall_policy::time::{MonoTime, Span};
use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::call::{NO_CATEGORY, action, end, exactly, just_after, milliseconds};
use crate::memory::{leave, with_numbers};
use crate::policy::FINE;

static EARLY: Mutex<Early> = Mutex::new(Early::new());

/// The number of a contradiction among as many numbers as a place's settings, or [`FINE`].
#[wasm_bindgen]
#[must_use]
pub fn check(count: usize) -> u8 {
    with_numbers(|numbers| {
        Numbers::new(numbers.get(..count).unwrap_or_default())
            .contradiction()
            .map_or(FINE, ConfigError::code)
    })
}

/// Asks to make a call, with as many numbers as the settings of its place; of a kind as [`crate::call::begin`] has it.
/// `leave` is 0 if it may use nothing of its quota, 1 for an allowance, 2 for all of it, 3 where the second half cannot
/// be had. Answers with [`action::SEND`] or [`action::REFUSE`] and leaves the numbers that `begin` leaves.
#[wasm_bindgen]
#[must_use]
#[expect(
    clippy::too_many_arguments,
    reason = "an object that held them would cost more than the call"
)]
pub fn early(
    guard: u32,
    breaker: u32,
    endpoint: u32,
    user: u32,
    kind: u32,
    may: u8,
    count: usize,
    waited: f64,
    now: f64,
) -> u8 {
    let code = |shift: u32| u8::try_from((kind >> shift) & 7).unwrap_or_default();
    let asking = Asking {
        guard,
        breaker,
        user,
        endpoint,
        service: Service::from_code(code(0)).unwrap_or(Service::Rest),
        class: Class::from_code(code(3)).unwrap_or(Class::Reads),
        waited: Span::from_millis_f64(waited),
    };
    let may = match may {
        0 => Leave::Nothing,
        1 => Leave::Allowance,
        2 => Leave::Quota,
        _ => Leave::Alone,
    };
    let now = MonoTime::from_millis_f64(now);
    let (answer, deadline, patience) = with_numbers(|numbers| {
        let rules = Numbers::new(numbers.get(..count).unwrap_or_default());
        (
            EARLY.lock().begin(&asking, may, rules, now),
            deadline(&asking, rules, now),
            rules.timeout_of(asking.class),
        )
    });
    let (action, id, until, category, retry_at) = match answer {
        Start::Send { number, give_up_at } => (action::SEND, number, give_up_at, NO_CATEGORY, MonoTime::FAR),
        Start::Refuse { category, retry_at } => (action::REFUSE, 0, now, category.code(), retry_at),
    };
    leave([
        f64::from(u32::try_from(id).unwrap_or_default()),
        just_after(until),
        f64::from(category),
        exactly(retry_at),
        0.0,
        just_after(deadline),
        milliseconds(patience),
        0.0,
    ]);
    action
}

/// The answer to an early call has begun.
#[wasm_bindgen]
pub fn early_answered(id: usize) {
    EARLY.lock().answered(id);
}

/// An early call is over: with an answer of this status, or without one (0) and how ([`end`]). Gives the number of its
/// category, or [`NO_CATEGORY`].
#[wasm_bindgen]
#[must_use]
pub fn early_over(id: usize, status: u16, how: u8, now: f64) -> u8 {
    let (category, failed) = match (status, how) {
        (0, end::NETWORK) => (Some(Category::Network), true),
        (0, end::OFFLINE) => (Some(Category::Offline), false),
        (0, end::TIMED_OUT) => (Some(Category::Timeout), true),
        (0, _) => (Some(Category::Aborted), false),
        _ => (category_by_status(status), is_unwell(status)),
    };
    EARLY.lock().end(id, failed, MonoTime::from_millis_f64(now));
    category.map_or(NO_CATEGORY, Category::code)
}
