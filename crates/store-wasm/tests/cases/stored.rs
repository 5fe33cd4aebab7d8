//! Stored breaker states, decoded as the page sees them.

use seawall_policy::breaker::{Breaker, BreakerConfig};
use seawall_policy::time::{MonoTime, UnixTime};
use seawall_store_wasm::{decode, stored_breakers};
use wasm_bindgen_test::wasm_bindgen_test;

const WALL: u64 = 1_700_000_000_000;

fn stored(key: &str) -> String {
    let breaker = Breaker::new(BreakerConfig::default());
    let snapshot = breaker.snapshot(MonoTime::from_millis(0), UnixTime::from_millis(WALL));
    let numbers: Vec<String> = snapshot.numbers().iter().map(f64::to_string).collect();
    format!("{} {key}\n", numbers.join(","))
}

#[wasm_bindgen_test]
fn a_good_state_is_decoded() {
    let text = stored("rest") + &stored("/rest/v1/messages");
    let decoded = decode(&text, 1.7e12);
    let keys: Vec<&str> = decoded.iter().map(|breaker| breaker.key.as_str()).collect();
    assert_eq!(keys, ["rest", "/rest/v1/messages"]);
    assert!(
        decoded
            .iter()
            .all(|breaker| breaker.state == "closed" && breaker.problem.is_none())
    );
    assert!(decoded.iter().all(|breaker| breaker.saved_at == 1.7e12));
}

#[wasm_bindgen_test]
fn a_damaged_state_says_what_is_wrong() {
    for text in ["x", "b1;1;c rest", "b9;; rest", ";;;;;;;;; rest", "\u{1f4a3}"] {
        let decoded = decode(text, 1.7e12);
        assert!(decoded.iter().all(|breaker| breaker.problem.is_some()), "{text}");
    }
}

#[wasm_bindgen_test]
fn an_old_state_has_expired() {
    let decoded = decode(&stored("rest"), 1.8e12);
    assert!(
        decoded
            .iter()
            .all(|breaker| breaker.problem.as_deref() == Some("stored state has expired"))
    );
}

#[wasm_bindgen_test]
fn without_storage_or_key_there_is_nothing() {
    let list = stored_breakers("seawall:no-such-key", 1.7e12);
    assert_eq!(list.length(), 0);
}
