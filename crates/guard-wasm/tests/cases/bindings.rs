//! The bindings as JavaScript uses them: numbers in, numbers out, and nothing it passes ends in a panic.

use seawall_guard_wasm::Core;
use seawall_policy::class::Service;
use seawall_policy::error::ConfigError;
use seawall_policy::policy::Key;
use wasm_bindgen_test::wasm_bindgen_test;

const SEND: u8 = 0;
const WAIT_TO_RETRY: u8 = 2;
const REFUSE: u8 = 3;
const GIVE: u8 = 4;
const NO_CATEGORY: u8 = 255;
const CIRCUIT_OPEN: u8 = 4;
const FINE: u8 = 255;

fn core() -> Core {
    configured(&[])
}

/// A core with the table's defaults but for these.
fn configured(given: &[(Key, f64)]) -> Core {
    let mut core = Core::new(1, 2);
    assert_eq!(configure(&mut core, given), FINE);
    core
}

fn configure(core: &mut Core, given: &[(Key, f64)]) -> u8 {
    let numbers: Vec<f64> = Key::ALL
        .iter()
        .map(|key| {
            let own = given.iter().find(|(name, _)| name == key);
            own.map_or(key.setting().default, |(_, number)| *number)
        })
        .collect();
    core.begin_policy();
    for _ in 0..=Service::ALL.len() {
        let code = core.configure(&numbers);
        if code != FINE {
            return code;
        }
    }
    core.apply_policy(0.0);
    FINE
}

/// One read that the network loses, without retries.
fn lose(core: &mut Core, now: f64) -> u8 {
    let route = core.route("GET", "/rest/v1/messages");
    let call = core.begin(route, 0, 2, now);
    let step = core.next(call, now);
    if step == SEND {
        core.broke(call, 0, now);
    }
    core.end(call, now);
    step
}

#[wasm_bindgen_test]
fn a_good_answer_is_given() {
    let mut core = core();
    let route = core.route("GET", "/rest/v1/messages");
    let call = core.begin(route, 0, 0, 1_000.0);
    assert_eq!(core.next(call, 1_000.0), SEND);
    assert!(core.until(call) >= 11_000.0 && core.until(call) < 11_001.0);
    core.answered(call, 200, None, 1_050.0, 1.7e12);
    assert_eq!(core.category(call), NO_CATEGORY);
    assert_eq!(core.next(call, 1_050.0), GIVE);
    core.end(call, 1_050.0);
}

#[wasm_bindgen_test]
fn a_call_asked_again_is_not_sent_again() {
    let mut core = core();
    let route = core.route("GET", "/rest/v1/messages");
    let call = core.begin(route, 0, 0, 0.0);
    assert_eq!(core.next(call, 0.0), SEND);
    assert_eq!(core.next(call, 1.0), GIVE);
}

#[wasm_bindgen_test]
fn a_lost_read_waits_and_is_sent_again() {
    let mut core = core();
    let route = core.route("GET", "/rest/v1/messages");
    let call = core.begin(route, 0, 0, 0.0);
    assert_eq!(core.next(call, 0.0), SEND);
    core.broke(call, 0, 5.0);
    assert_eq!(core.next(call, 5.0), WAIT_TO_RETRY);
    assert_eq!(core.next(call, core.until(call)), SEND);
}

#[wasm_bindgen_test]
fn the_header_of_an_upsert_makes_it_repeatable() {
    let mut core = core();
    let route = core.route("POST", "/rest/v1/messages");
    let mut after_loss = |prefer: Option<&str>| {
        if let Some(prefer) = prefer {
            core.header(6, prefer.to_owned());
        }
        let call = core.begin(route, 0, 0, 0.0);
        assert_eq!(core.next(call, 0.0), SEND);
        core.broke(call, 0, 1.0);
        let next = core.next(call, 1.0);
        core.end(call, 1.0);
        next
    };
    assert_eq!(after_loss(Some("resolution=merge-duplicates")), WAIT_TO_RETRY);
    assert_eq!(after_loss(None), GIVE);
}

#[wasm_bindgen_test]
fn the_threshold_opens_the_circuit_and_the_transition_is_told() {
    let mut core = core();
    assert!((0..5).all(|_| lose(&mut core, 100.0) == SEND));
    assert_eq!(lose(&mut core, 100.0), REFUSE);
    let told = core.next_transition();
    assert_eq!(told.get(..4), Some([0.0, 0.0, 1.0, 0.0].as_slice()));
    assert!(core.next_transition().is_empty());
}

#[wasm_bindgen_test]
fn a_refusal_says_why_and_how_long() {
    let mut core = core();
    core.move_breaker(0, 0, 0.0);
    let route = core.route("GET", "/rest/v1/messages");
    let call = core.begin(route, 0, 0, 0.0);
    assert_eq!(core.next(call, 0.0), REFUSE);
    assert_eq!(core.category(call), CIRCUIT_OPEN);
    assert!(core.retry_after(call, 0.0).is_infinite());
}

#[wasm_bindgen_test]
fn saved_state_is_restored_and_damaged_state_is_refused() {
    let mut first = core();
    while lose(&mut first, 100.0) == SEND {}
    let text = first.save(100.0, 1.7e12);
    let mut second = core();
    assert_eq!(second.restore(&text, 5.0, 1.7e12), "");
    assert_eq!(lose(&mut second, 6.0), REFUSE);
    for damaged in [
        "",
        "x",
        "b1;;; rest",
        &text.replace("b1", "b9"),
        &"x".repeat(100_000),
    ] {
        let mut third = core();
        assert_ne!(third.restore(damaged, 5.0, 1.7e12), "");
        assert_eq!(lose(&mut third, 6.0), SEND);
    }
}

#[wasm_bindgen_test]
fn settings_are_taken_together_or_not_at_all() {
    let mut core = configured(&[(Key::BreakerFailureThreshold, 1.0)]);
    assert_eq!(lose(&mut core, 0.0), SEND);
    assert_eq!(lose(&mut core, 0.0), REFUSE);
    let contradiction = [
        (Key::BreakerResetTimeout, 9_000.0),
        (Key::BreakerMaxResetTimeout, 1_000.0),
        (Key::BreakerFailureThreshold, 9.0),
    ];
    assert_eq!(
        configure(&mut core, &contradiction),
        ConfigError::MaxResetTimeout.code()
    );
    assert_eq!(lose(&mut core, 0.0), REFUSE);
}

#[wasm_bindgen_test]
fn an_endpoint_with_rules_of_its_own_may_have_its_own_breaker() {
    let mut core = core();
    let numbers: Vec<f64> = Key::ALL.iter().map(|key| key.setting().default).collect();
    core.begin_policy();
    for _ in 0..=Service::ALL.len() {
        assert_eq!(core.configure(&numbers), FINE);
    }
    assert_eq!(core.configure_endpoint("/rest/v1/messages", true, &numbers), FINE);
    core.apply_policy(0.0);
    assert_eq!(
        (core.breaker_count(), core.breaker_key(5)),
        (6, "/rest/v1/messages".to_owned())
    );
    while lose(&mut core, 0.0) == SEND {}
    let other = core.route("GET", "/rest/v1/others");
    let call = core.begin(other, 0, 0, 0.0);
    assert_eq!(core.next(call, 0.0), SEND);
}

#[wasm_bindgen_test]
fn without_a_policy_nothing_is_sent() {
    let mut core = Core::new(1, 2);
    let route = core.route("GET", "/rest/v1/messages");
    let call = core.begin(route, 0, 0, 0.0);
    assert_eq!(core.next(call, 0.0), GIVE);
}

#[wasm_bindgen_test]
fn no_number_and_no_text_ends_in_a_panic() {
    let numbers = [
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
        "GET",
        "/",
        "//rest/v1",
        "a.b.\"c",
        ";;;;;;;;",
        "-1",
        "99999999999999999999",
    ];
    let mut core = core();
    for text in texts {
        for other in texts {
            let route = core.route(text, other);
            let _ = (core.route_kind(route), core.route_endpoint(route));
        }
        for now in numbers {
            let _ = (
                core.restore(text, now, now),
                core.configure(&[now]),
                core.configure_endpoint(text, true, &[now; 200]),
                core.save(now, now),
            );
            core.header(0, text.to_owned());
            core.header(1, text.to_owned());
            core.header(255, text.to_owned());
            let call = core.begin(0, u32::MAX, 255, now);
            let _ = (
                core.next(call, now),
                core.until(call),
                core.deadline(call),
                core.patience(call),
            );
            core.answered(call, 65_535, Some(text.to_owned()), now, now);
            let _ = core.next(call, now);
        }
    }
    core.apply_policy(1.0);
    for id in ids {
        for now in numbers {
            let _ = (
                core.next(id, now),
                core.until(id),
                core.category(id),
                core.retry_after(id, now),
            );
            core.broke(id, 255, now);
            core.deliver(id, now);
            let _ = (core.next_ready(now), core.queued(id, now));
            core.move_breaker(id, 255, now);
            core.tick(now);
            let _ = (
                core.breaker_figures(id),
                core.limit_figures(id, now),
                core.class_figures(255),
            );
            let _ = (
                core.breaker_key(id),
                core.limit_endpoint(id),
                core.next_deadline(),
            );
            core.end(id, now);
        }
    }
    assert!(core.breaker_count() >= 5);
}
