//! No literal of a request ever reaches the text of a statement, and no name does unquoted.

use proptest::prelude::*;
use seawall_pgrest::sql::{self, Statement};

use crate::subject::{Sent, cache};

/// A letter that no statement of ours contains, so that its place shows where the input went.
const MARK: char = 'Ω';

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("'".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("$1".to_owned()),
        Just("--".to_owned()),
        Just(";".to_owned()),
        Just("/*".to_owned()),
        Just("::text".to_owned()),
        Just(" or 1=1 ".to_owned()),
        "[a-zA-Z0-9 ]{0,4}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| format!("{MARK}{}{MARK}", pieces.concat()))
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn statement(sent: &Sent) -> Option<Statement> {
    sql::statement(&sent.plan(cache()).ok()?.1)
}

/// Takes every quoted identifier out of a text.
fn without_names(text: &str) -> String {
    text.split('"').step_by(2).collect()
}

fn is_a_bind(statement: &Statement, part: &str) -> bool {
    statement
        .binds
        .iter()
        .filter_map(|bind| bind.0.as_deref())
        .any(|value| value.contains(part))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_value_is_a_bind(value in hostile()) {
        for operator in ["eq", "neq", "like", "match", "fts", "cs", "isdistinct"] {
            let sent = Sent::get(&format!("/films?title={operator}.{}", encoded(&value)));
            let statement = statement(&sent).expect("a filter's value may be anything");
            prop_assert!(!statement.text.contains(MARK));
            let pattern = value.replace('*', "%");
            let bound = if operator == "like" { &pattern } else { &value };
            prop_assert!(is_a_bind(&statement, bound));
        }
    }

    #[test]
    fn a_list_value_is_a_bind(value in hostile()) {
        let escaped = value.replace('\\', r"\\").replace('"', "\\\"");
        let list = encoded(&format!("(\"{escaped}\",b)"));
        let sent = Sent::get(&format!("/films?title=in.{list}"));
        if let Some(statement) = statement(&sent) {
            prop_assert!(!statement.text.contains(MARK));
        }
    }

    #[test]
    fn a_name_is_quoted_wherever_it_stands(name in hostile()) {
        let quoted = encoded(&format!("\"{}\"", name.replace('\\', r"\\").replace('"', "\\\"")));
        for target in [
            format!("/films?select={quoted}"),
            format!("/films?select=a:{quoted}"),
            format!("/films?select={quoted}:title"),
            format!("/films?select=id::{quoted}"),
            format!("/films?order={quoted}.desc"),
            format!("/films?select=data->{quoted}"),
            format!("/films?{}=eq.1", encoded(&name)),
            format!("/films?select={quoted}:directors(id)"),
        ] {
            if let Some(statement) = statement(&Sent::get(&target)) {
                prop_assert!(!without_names(&statement.text).contains(MARK), "{}", statement.text);
            }
        }
    }

    #[test]
    fn an_argument_is_a_bind(value in hostile()) {
        let sent = Sent::get(&format!("/rpc/add?a=1&b={}", encoded(&value)));
        let statement = statement(&sent).expect("an argument may be anything");
        prop_assert!(!statement.text.contains(MARK));
        prop_assert!(is_a_bind(&statement, &value));
    }

    #[test]
    fn a_body_is_a_bind(value in hostile()) {
        let sent = Sent {
            method: "POST".to_owned(),
            target: "/films".to_owned(),
            headers: Vec::new(),
            body: serde_json::json!({ "title": value }).to_string(),
        };
        let statement = statement(&sent).expect("a value of a body may be anything");
        prop_assert!(!statement.text.contains(MARK));
        prop_assert!(statement.binds.len() == 1);
    }
}
