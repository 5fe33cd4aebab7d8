//! docs/POLICY.md: every setting of the policy document.

use seawall_policy::policy::{Kind, Reach, SETTINGS, Setting};

use crate::{header, row};

const INTRODUCTION: &str = "\
# The policy document

<!-- Written by `npm run codegen` from the table in crates/policy: do not edit. -->

One document says what is limited, when a circuit opens and what is retried. The server enforces it and publishes it
at `/policy`; the guard takes the same document, or the server's address to fetch it from. It is JSON, or the table
`[policy]` of the server's TOML file. Names are camelCase, and snake_case is read as the same; all times are
milliseconds. An unknown name or a value out of bounds is refused with an error that names it.

Groups nest: `breaker.failureThreshold` is `{\"breaker\": {\"failureThreshold\": 5}}`. A setting may also stand under
`services.<name>` (`rest`, `rpc`, `auth`, `storage`, `functions`) or `endpoints.\"<path>\"` where the last column says
so; the endpoint's word goes before the service's, and that before the document's. An endpoint with a `breaker`
setting of its own has a breaker of its own.

";

/// The whole document.
pub(crate) fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    text += &header(&["setting", "default", "bounds", "what it does", "also under"]);
    for setting in SETTINGS {
        text += &described(setting);
    }
    text
}

fn described(setting: &Setting) -> String {
    let reach = match setting.reach {
        Reach::Document => "",
        Reach::Service => "services",
        Reach::Endpoint => "services, endpoints",
    };
    let name = format!("`{}`", setting.path);
    row(&[
        &name,
        &value(setting, setting.default),
        &bounds(setting),
        setting.doc,
        reach,
    ])
}

fn value(setting: &Setting, number: f64) -> String {
    match setting.kind {
        Kind::Choice(words) => word(words, number),
        Kind::Flag => format!("`{}`", number > 0.0),
        Kind::Millis => format!("{number} ms"),
        Kind::Count | Kind::Ratio => number.to_string(),
    }
}

fn bounds(setting: &Setting) -> String {
    match setting.kind {
        Kind::Choice(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Kind::Flag => "`true`, `false`".to_owned(),
        Kind::Count | Kind::Millis | Kind::Ratio => format!("{} to {}", setting.min, setting.max),
    }
}

// A choice keeps its word's index.
fn word(words: &[&str], index: f64) -> String {
    let found = words.iter().zip(0_u32..).find(|(_, at)| f64::from(*at) == index);
    found.map_or_else(String::new, |(word, _)| format!("`{word}`"))
}
