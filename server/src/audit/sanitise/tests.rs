//! The corpus, and what must hold of any text.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn strict() -> Sanitiser {
    Sanitiser::new(&[], true)
}

fn cleaned(form: &str, given: &str) -> String {
    match form {
        "text" => strict().text(given),
        "json" => strict().json(serde_json::from_str(given).unwrap()).to_string(),
        "query" => strict().query(given),
        other => panic!("there is no form {other}"),
    }
}

#[test]
fn of_the_corpus_what_must_go_is_gone_and_what_must_stay_is_there() {
    let mut wrong = Vec::new();
    let corpus = include_str!("corpus.txt");
    let cases = corpus
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for case in cases {
        count += 1;
        let (head, marks) = case.rsplit_once(" | ").unwrap();
        let mut parts = head.splitn(3, " | ");
        let (kind, form, given) = (
            parts.next().unwrap(),
            parts.next().unwrap(),
            parts.next().unwrap(),
        );
        let clean = cleaned(form, given);
        for mark in marks.split(" ; ") {
            assert!(given.contains(mark) || form == "json" || kind == "gone", "{case}");
            if clean.contains(mark) != (kind == "keep") {
                wrong.push(format!("{kind} {mark:?}: {given} -> {clean}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 60);
}

#[test]
fn addresses_of_machines_go_only_where_it_is_asked_for() {
    let kept = Sanitiser::new(&[], false).text("from 203.0.113.77 and 2001:db8::1");
    assert_eq!(kept, "from 203.0.113.77 and 2001:db8::1");
}

/// Without bounds these take minutes: what is looked at for one word is the whole rest of the text.
#[test]
fn a_long_text_of_one_piece_costs_no_more_than_its_length() {
    let started = std::time::Instant::now();
    for piece in ["a.", "a-", "eyJ-", "9.", "z+", "a://u"] {
        let text = piece.repeat(MOST_BODY_BYTES / 2 / piece.len());
        assert!(!strict().text(&text).is_empty());
    }
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(45), "{took:?}");
}

#[test]
fn a_secret_longer_than_what_is_looked_at_goes_whole() {
    let long = "a1B2".repeat(2_000);
    let token = format!("eyJ{}.{long}.{long}", "h9".repeat(20));
    assert_eq!(strict().text(&format!("x {long} y")), "x [secret] y");
    assert_eq!(strict().text(&format!("x {token} y")), "x [token] y");
}

#[test]
fn a_body_is_kept_by_its_form() {
    let body = |bytes: &[u8], kind| strict().body(bytes, kind);
    assert_eq!(
        body(br#"{"a": 1, "pin": 2}"#, "application/json"),
        json!({"a": 1, "pin": "[redacted]"})
    );
    assert_eq!(
        body(b"a=1&password=x", "application/x-www-form-urlencoded"),
        json!("a=1&password=[redacted]")
    );
    assert_eq!(
        body(b"id,email\n1,x\n2,y\n", "text/csv"),
        json!({"columns": ["id", "email"], "rows": 2})
    );
    assert_eq!(body(b"\xff\xfe", "application/octet-stream"), json!({"bytes": 2}));
    assert_eq!(body(b"{broken", "application/json"), json!({"bytes": 7}));
    assert_eq!(
        body(&vec![b' '; MOST_BODY_BYTES + 1], "application/json"),
        json!({"bytes": MOST_BODY_BYTES + 1})
    );
}

#[test]
fn json_without_end_is_cut_off_and_not_followed() {
    let mut deep = json!("x@y.example");
    for _ in 0..100 {
        deep = json!([deep]);
    }
    assert!(!strict().json(deep).to_string().contains("example"));
}

fn email() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9._+-]{0,12}@[a-z]{2,10}\\.(example|de|co\\.uk)"
}

fn card() -> impl Strategy<Value = String> {
    ("[2-6][0-9]{14}", prop::sample::select(vec!["", " ", "-"])).prop_map(|(body, between)| {
        let digits: Vec<u32> = body.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(idx, digit)| {
                let weighted = if idx % 2 == 0 { digit * 2 } else { *digit };
                if weighted > 9 { weighted - 9 } else { weighted }
            })
            .sum();
        let whole = format!("{body}{}", (10 - sum % 10) % 10);
        let groups: Vec<&str> = (0..4).filter_map(|at| whole.get(at * 4..at * 4 + 4)).collect();
        groups.join(between)
    })
}

proptest! {
    #[test]
    fn any_text_can_be_cleaned_within_bounds(given in ".{0,200}") {
        let once = strict().text(&given);
        // A label is never much longer than the shortest thing it stands for.
        prop_assert!(once.len() <= 3 * given.len() + 16);
        let _ = strict().query(&given);
    }

    #[test]
    fn wherever_it_stands_an_address_is_found(before in "[a-z ,;:(]{0,20}[ ,;:(]", mail in email(), after in "[ ,;)>]?") {
        let clean = strict().text(&format!("{before}{mail}{after}"));
        prop_assert!(!clean.contains('@'), "{}", clean);
    }

    #[test]
    fn whatever_its_groups_a_card_is_found(number in card()) {
        let clean = strict().text(&format!("pay {number} now"));
        prop_assert_eq!(clean, "pay [card] now");
    }

    #[test]
    fn no_value_under_a_sensitive_name_is_left(name in "(user_|my)?(password|email|phone|iban|token)(_1|Hash)?", value in "[a-z]{6,12}") {
        let mut members = serde_json::Map::new();
        members.insert(name, Value::from(value.clone()));
        let clean = strict().json(json!({"outer": [members]})).to_string();
        prop_assert!(!clean.contains(&format!("\"{value}\"")), "{}", clean);
    }
}
