//! The bindings as JavaScript uses them: numbers in, numbers out, and nothing it passes ends in a panic.

use seawall_guard_wasm::call::{NO_CATEGORY, action, answered, begin, broke, deliver, next, place, ready};
use seawall_guard_wasm::memory::{number, write_numbers, write_text};
use seawall_guard_wasm::policy::{FINE, apply, configure, renew};
use seawall_guard_wasm::{breaker, class, create, destroy, early, event, limit, tabs};
use seawall_policy::class::{Category, Service};
use seawall_policy::error::{ConfigError, SnapshotError};
use seawall_policy::policy::Key;
use wasm_bindgen_test::wasm_bindgen_test;

const NETWORK: u8 = 0;
const REPEATABLE: u32 = 1 << 6;
const ONE_SHOT: u32 = 1 << 7;
const WALL: f64 = 1.7e12;
/// The scope of the service that tables are.
const REST: usize = 1;

fn guard() -> usize {
    configured(&[])
}

/// A guard with the table's defaults but for these.
fn configured(given: &[(Key, f64)]) -> usize {
    let guard = create(1, 2);
    assert_eq!(reconfigure(guard, given), FINE);
    guard
}

fn reconfigure(guard: usize, given: &[(Key, f64)]) -> u8 {
    let numbers = numbers(given);
    renew(guard);
    for place in 0..=Service::ALL.len() {
        let service = place.saturating_sub(1);
        write_numbers(&numbers);
        let code = configure(
            guard,
            u8::try_from(service).unwrap_or_default(),
            service,
            place > 0,
            numbers.len(),
        );
        if code != FINE {
            return code;
        }
    }
    apply(guard, 0.0);
    FINE
}

fn numbers(given: &[(Key, f64)]) -> Vec<f64> {
    let value = |key: &Key| {
        let own = given.iter().find(|(name, _)| name == key);
        own.map_or(key.setting().default, |(_, number)| *number)
    };
    Key::ALL.iter().map(value).collect()
}

fn read(guard: usize, now: f64) -> u8 {
    begin(guard, REST, 0, 0, REPEATABLE, 0.0, now)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was a number of 32 bits"
)]
fn id() -> u32 {
    number(place::ID) as u32
}

fn until() -> f64 {
    number(place::UNTIL)
}

fn category() -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was a number of 8 bits"
    )]
    let code = number(place::CATEGORY) as u8;
    code
}

/// One read that the network loses, without retries.
fn lose(guard: usize, now: f64) -> u8 {
    let step = begin(guard, REST, 0, 0, ONE_SHOT, 0.0, now);
    if step == action::SEND {
        assert_eq!(broke(guard, id(), NETWORK, now), action::GIVE);
    }
    step
}

#[wasm_bindgen_test]
fn a_good_answer_is_given() {
    let guard = guard();
    assert_eq!(read(guard, 1_000.0), action::SEND);
    assert!(until() >= 11_000.0 && until() < 11_001.0);
    assert_eq!(answered(guard, id(), 200, 0, 1_050.0, WALL), action::GIVE);
    assert_eq!((category(), number(place::NEWS)), (NO_CATEGORY, 0.0));
}

/// An early read of a guard that has the table's defaults but for these; nothing else has the guard's number.
fn early_read(guard: u32, leave: u8, given: &[(Key, f64)], now: f64) -> u8 {
    let numbers = numbers(given);
    write_numbers(&numbers);
    early::early(guard, 0, 0, 0, REPEATABLE, leave, numbers.len(), 0.0, now)
}

#[wasm_bindgen_test]
fn an_early_call_is_left_with_the_numbers_that_the_whole_leaves() {
    let places = [
        place::UNTIL,
        place::CATEGORY,
        place::RETRY_AT,
        place::NEWS,
        place::DEADLINE,
        place::PATIENCE,
        place::QUEUED,
    ];
    let guard = guard();
    assert_eq!(read(guard, 1_000.0), action::SEND);
    let whole = places.map(number);
    assert_eq!(early_read(100, 2, &[], 1_000.0), action::SEND);
    assert_eq!(places.map(number), whole);
}

#[wasm_bindgen_test]
fn early_calls_keep_to_their_leave_and_wait_after_a_failure() {
    let one = [(Key::LimitsReadsLimit, 20.0)];
    assert_eq!(early_read(101, 0, &one, 0.0), action::REFUSE);
    assert_eq!(early_read(101, 1, &one, 0.0), action::SEND);
    let first = id() as usize;
    assert_eq!(early_read(101, 1, &one, 0.0), action::REFUSE);
    assert_eq!(early_read(101, 2, &one, 0.0), action::SEND);
    early::early_answered(first);
    let server = early::early_over(first, 503, 0, 1.0);
    assert_eq!(server, Category::Server.code());
    assert_eq!(early_read(101, 2, &one, 2.0), action::REFUSE);
    assert_eq!(early_read(101, 3, &one, 2.0), action::SEND);
    assert_eq!(early::early_over(usize::MAX, 200, 0, 2.0), NO_CATEGORY);
    assert_eq!(
        early::early_over(id() as usize, 0, NETWORK, 2.0),
        Category::Network.code()
    );
}

#[wasm_bindgen_test]
fn early_numbers_that_mean_nothing_are_answered() {
    write_numbers(&[f64::NAN; 80]);
    let _ = early::early(
        u32::MAX,
        u32::MAX,
        u32::MAX,
        u32::MAX,
        u32::MAX,
        u8::MAX,
        usize::MAX,
        f64::NAN,
        f64::INFINITY,
    );
    early::early_answered(usize::MAX);
    let _ = early::check(usize::MAX);
    write_numbers(&numbers(&[(Key::RetryBaseDelay, 9.0), (Key::RetryMaxDelay, 3.0)]));
    assert_eq!(early::check(Key::ALL.len()), ConfigError::MaxDelay.code());
}

#[wasm_bindgen_test]
fn a_call_asked_again_is_not_sent_again() {
    let guard = guard();
    assert_eq!(read(guard, 0.0), action::SEND);
    let id = id();
    assert_eq!(next(guard, id, 1.0), action::GIVE);
    assert_eq!(answered(guard, id, 200, 0, 2.0, WALL), action::GIVE);
    assert_eq!(category(), NO_CATEGORY);
}

#[wasm_bindgen_test]
fn a_lost_read_waits_and_is_sent_again() {
    let guard = guard();
    assert_eq!(read(guard, 0.0), action::SEND);
    assert_eq!(broke(guard, id(), NETWORK, 5.0), action::WAIT_TO_RETRY);
    assert_eq!(next(guard, id(), until()), action::SEND);
}

#[wasm_bindgen_test]
fn what_was_delivered_is_not_repeated() {
    let guard = guard();
    assert_eq!(read(guard, 0.0), action::SEND);
    let id = id();
    deliver(guard, id, 5.0);
    assert_eq!(broke(guard, id, NETWORK + 4, 9.0), action::GIVE);
    assert_eq!(category(), Category::Network.code());
}

#[wasm_bindgen_test]
fn advice_and_code_are_read_from_letters() {
    let guard = guard();
    assert_eq!(begin(guard, REST, 0, 0, 0, 0.0, 0.0), action::SEND);
    let length = write_text("\n\n\n\n\n\n40001");
    assert_eq!(
        answered(guard, id(), 500, length, 1.0, WALL),
        action::WAIT_TO_RETRY
    );
    assert_eq!(category(), Category::DatabaseTransient.code());
    assert_eq!(read(guard, 2.0), action::SEND);
    let length = write_text("3\n\n\n\n\n\n");
    assert_eq!(
        answered(guard, id(), 429, length, 2.0, WALL),
        action::WAIT_TO_RETRY
    );
    assert!(until() >= 3_002.0);
}

#[wasm_bindgen_test]
fn requests_are_sorted() {
    let sorts = |text| {
        let sorts = class::target(write_text(text));
        (sorts & 7, (sorts >> 3) & 7, (sorts >> 6) & 3, sorts >> 8)
    };
    assert_eq!(sorts("GET /rest/v1/messages"), (0, 0, 1, 17));
    assert_eq!(sorts("POST /rest/v1/messages"), (0, 1, 2, 17));
    assert_eq!(sorts("POST /rest/v1/rpc/add/x"), (1, 2, 0, 16));
    assert_eq!(sorts(""), (0, 1, 0, 0));
    assert!(class::resolves(write_text("resolution=merge-duplicates")));
    assert!(!class::resolves(write_text("return=minimal")));
}

#[wasm_bindgen_test]
fn the_threshold_opens_the_circuit_and_the_transition_is_told() {
    let guard = guard();
    assert!((0..5).all(|_| lose(guard, 100.0) == action::SEND));
    assert_eq!(number(place::NEWS), 1.0);
    assert_eq!(lose(guard, 100.0), action::REFUSE);
    assert!(event::transition(guard));
    assert_eq!([number(0), number(1), number(2), number(3)], [0.0, 0.0, 1.0, 0.0]);
    assert!(!event::transition(guard));
    assert!(breaker::tick(guard, 100.0).is_finite());
}

#[wasm_bindgen_test]
fn a_refusal_says_why_and_how_long() {
    let guard = guard();
    breaker::hand(guard, 0, 0, 0.0);
    assert_eq!(read(guard, 0.0), action::REFUSE);
    assert_eq!(category(), Category::CircuitOpen.code());
    assert!(number(place::RETRY_AT).is_infinite());
}

#[wasm_bindgen_test]
fn saved_state_is_restored_and_damaged_state_is_refused() {
    let first = guard();
    while lose(first, 100.0) == action::SEND {}
    let count = breaker::save(first, 0, 100.0, WALL);
    let saved: Vec<f64> = (0..count).map(number).collect();
    let second = guard();
    write_numbers(&saved);
    assert_eq!(breaker::restore(second, 0, count, false, 5.0, WALL), FINE);
    assert_eq!(lose(second, 5.0), action::SEND);
    write_numbers(&saved);
    assert_eq!(breaker::restore(second, 0, count, true, 5.0, WALL), FINE);
    assert_eq!(lose(second, 6.0), action::REFUSE);
    let third = guard();
    write_numbers(&saved);
    assert_eq!(
        breaker::restore(third, 0, count - 1, true, 5.0, WALL),
        SnapshotError::Damaged.code()
    );
    assert_eq!(
        breaker::restore(third, 0, usize::MAX, true, 5.0, WALL),
        SnapshotError::Malformed.code()
    );
    assert_eq!(
        breaker::restore(third, 9, count, true, 5.0, WALL),
        SnapshotError::Malformed.code()
    );
    assert_eq!(lose(third, 6.0), action::SEND);
}

#[wasm_bindgen_test]
fn settings_are_taken_together_or_not_at_all() {
    let guard = configured(&[(Key::BreakerFailureThreshold, 1.0)]);
    assert_eq!(lose(guard, 0.0), action::SEND);
    assert_eq!(lose(guard, 0.0), action::REFUSE);
    let contradiction = [
        (Key::BreakerResetTimeout, 9_000.0),
        (Key::BreakerMaxResetTimeout, 1_000.0),
        (Key::BreakerFailureThreshold, 9.0),
    ];
    assert_eq!(
        reconfigure(guard, &contradiction),
        ConfigError::MaxResetTimeout.code()
    );
    assert_eq!(lose(guard, 0.0), action::REFUSE);
}

#[wasm_bindgen_test]
fn an_endpoint_may_have_a_breaker_of_its_own() {
    let guard = guard();
    let numbers = numbers(&[]);
    renew(guard);
    for place in 0..=Service::ALL.len() {
        let service = place.saturating_sub(1);
        write_numbers(&numbers);
        let code = configure(
            guard,
            u8::try_from(service).unwrap_or_default(),
            service,
            place > 0,
            numbers.len(),
        );
        assert_eq!(code, FINE);
    }
    write_numbers(&numbers);
    assert_eq!(configure(guard, 0, 5, true, numbers.len()), FINE);
    apply(guard, 0.0);
    let own = 6;
    while begin(guard, own, 7, 0, ONE_SHOT, 0.0, 0.0) == action::SEND {
        let _ = broke(guard, id(), NETWORK, 0.0);
    }
    assert_eq!(read(guard, 0.0), action::SEND);
}

#[wasm_bindgen_test]
fn limits_are_told_with_whose_they_are() {
    let guard = guard();
    assert_eq!(begin(guard, REST, 7, 3, 0, 0.0, 0.0), action::SEND);
    assert_eq!(limit::limits(guard), 1);
    limit::limit(guard, 0, 0.0);
    let told: Vec<f64> = (0..6).map(number).collect();
    assert_eq!(told, [0.0, 100.0, 60_000.0, 99.0, 7.0, 3.0]);
    limit::quota(guard, 3);
    assert_eq!((number(1), number(3)), (10.0, 10.0));
}

#[wasm_bindgen_test]
fn without_a_policy_nothing_is_sent() {
    let guard = create(1, 2);
    assert_eq!(read(guard, 0.0), action::GIVE);
}

#[wasm_bindgen_test]
fn a_guard_that_is_gone_does_nothing() {
    let gone = guard();
    destroy(gone);
    assert_eq!(read(gone, 0.0), action::GIVE);
    assert_eq!(create(1, 2), gone);
}

#[wasm_bindgen_test]
fn no_number_and_no_text_ends_in_a_panic() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -1.0,
        0.0,
        1e308,
        f64::MIN_POSITIVE,
        1.8e19,
    ];
    let ids = [0, 1, 255, 65_535, 65_536, u32::MAX];
    let texts = [
        "",
        " ",
        "\0",
        "é",
        "💣",
        "GET /",
        "//rest/v1",
        "a\nb\nc\nd\ne\nf\ng\nh",
        "-1",
    ];
    let guard = guard();
    for text in texts {
        let length = write_text(text);
        for length in [length, 1, usize::MAX] {
            let _ = (class::target(length), class::resolves(length));
        }
        for now in odd {
            write_numbers(&[now; 200]);
            let _ = configure(guard, 255, usize::MAX, true, 200);
            write_numbers(&[now; 200]);
            let _ = (
                breaker::restore(guard, 0, 200, true, now, now),
                breaker::save(guard, 0, now, now),
            );
            let _ = begin(guard, REST, u32::MAX, u32::MAX, u32::MAX, now, now);
            let length = write_text(text);
            let _ = answered(guard, id(), 65_535, length, now, now);
        }
    }
    apply(guard, 1.0);
    for id in ids {
        let index = id as usize;
        for now in odd {
            let _ = (
                next(guard, id, now),
                broke(guard, id, 255, now),
                ready(guard, now),
            );
            deliver(guard, id, now);
            breaker::hand(guard, index, 255, now);
            breaker::figures(guard, index);
            limit::limit(guard, index, now);
            limit::quota(guard, 255);
            let _ = breaker::tick(guard, now);
        }
    }
    destroy(usize::MAX);
}

/// As many reads of one user as pass at this instant.
fn reads(guard: usize, now: f64) -> usize {
    (0..200)
        .filter(|_| {
            let passes = begin(guard, REST, 0, 7, 0, 0.0, now) == action::SEND;
            if passes {
                let _ = answered(guard, id(), 200, 0, now, WALL);
            } else {
                let _ = broke(guard, id(), 3, now);
            }
            passes
        })
        .count()
}

fn window(guard: usize) -> usize {
    tabs::window(guard, REST, 0, 7, 0, 0.0) as usize
}

#[wasm_bindgen_test]
fn two_tabs_hold_one_limit() {
    let (keeper, follower) = (guard(), guard());
    tabs::follow(keeper, false);
    tabs::keep(keeper, 0.0);
    tabs::settle(keeper, 0, 0.0);
    tabs::follow(follower, true);
    assert_eq!(reads(follower, 100.0), 0);
    tabs::lend(keeper, window(keeper), 30, 0, 101.0);
    assert_eq!([number(0), number(1), number(2)], [30.0, 2_000.0, 0.0]);
    tabs::lent(follower, window(follower), 100.0, 102.0);
    assert_eq!(reads(follower, 103.0), 30);
    assert_eq!(reads(keeper, 104.0), 70);
}

#[wasm_bindgen_test]
fn a_tab_that_takes_over_counts_what_the_last_keeper_stored() {
    let (first, second) = (guard(), guard());
    assert_eq!(reads(first, 0.0), 100);
    tabs::follow(second, true);
    assert_eq!(tabs::usage(second, window(second), 0.0, WALL), 0);
    let index = window(second);
    let count = tabs::usage(first, window(first), 0.0, WALL);
    assert_eq!(tabs::remember(second, index, count, 10.0, WALL + 1_000.0), FINE);
    tabs::keep(second, 10.0);
    assert_eq!(reads(second, 58_999.0), 0);
    assert_eq!(reads(second, 59_011.0), 100);
}

#[wasm_bindgen_test]
fn what_one_tab_finds_another_takes_up() {
    let (first, second) = (guard(), guard());
    while lose(first, 100.0) == action::SEND {}
    let count = tabs::told(first, 0, 100.0, WALL);
    tabs::adopt(second, 0, count, 50_000.0, WALL);
    assert_eq!(lose(second, 50_000.0), action::REFUSE);
}

#[wasm_bindgen_test]
fn no_message_from_another_tab_ends_in_a_panic() {
    let guard = guard();
    for odd in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        for index in [0, 1, usize::MAX] {
            write_numbers(&[odd; 200]);
            tabs::lent(guard, index, odd, odd);
            let _ = tabs::window(guard, index, u32::MAX, 0, 255, odd);
            let _ = tabs::window(guard, REST, u32::MAX, 0, 0, odd);
            tabs::lend(guard, index, u32::MAX, u32::MAX, odd);
            write_numbers(&[odd; 200]);
            let _ = tabs::remember(guard, index, usize::MAX, odd, odd);
            write_numbers(&[odd; 200]);
            tabs::adopt(guard, index, 200, odd, odd);
            tabs::wants(guard, index, odd);
            tabs::grant_leave(guard, index, odd);
            let _ = (
                tabs::lend_leave(guard, index, odd),
                tabs::usage(guard, index, odd, odd),
            );
            let _ = (tabs::told(guard, index, odd, odd), tabs::wish(guard));
            tabs::follow(guard, odd > 0.0);
            tabs::heard(guard);
            tabs::keep(guard, odd);
        }
    }
}
