//! Whose organisation a request may name: only the caller's own.
//!
//! A request names an organisation in a header, in a part of its path, or in a filter
//! on a column; which, the operator says. Naming another's is refused before any work.
//! What a request does not name, policies decide, by the setting `request.organisation`,
//! which only ever holds an organisation of the caller's. Filters that name none
//! (`neq`, `like`) are the policies' business too: this refuses, it does not filter.

mod filter;
pub(crate) mod memberships;
mod pattern;

use std::sync::Arc;

use http::{HeaderMap, HeaderName, Uri};
use serde_json::Value;
use uuid::Uuid;

use crate::config::OrganisationConfig;

pub use pattern::Rule;

/// More organisations than this are not looked through for one request.
const MOST: usize = 1_000;

/// The request names an organisation that is not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Foreign;

/// The organisations of a caller, as a claim or a membership tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own(Vec<Arc<str>>);

impl Own {
    /// Text, a number, or a list of either; anything else is none.
    pub(crate) fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Array(many)) => Self(many.iter().filter_map(one).take(MOST).collect()),
            Some(value) => Self(one(value).into_iter().collect()),
            None => Self::default(),
        }
    }

    fn find(&self, named: &str) -> Option<&Arc<str>> {
        self.0.iter().find(|own| is_same(own, named))
    }

    /// The only one, where there is one only.
    pub(crate) fn single(&self) -> Option<Arc<str>> {
        self.only().cloned()
    }

    fn only(&self) -> Option<&Arc<str>> {
        match self.0.as_slice() {
            [only] => Some(only),
            [] | [_, _, ..] => None,
        }
    }
}

fn one(value: &Value) -> Option<Arc<str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Letter for letter, but a UUID has several spellings.
fn is_same(own: &str, named: &str) -> bool {
    own == named || matches!((own.parse::<Uuid>(), named.parse::<Uuid>()), (Ok(a), Ok(b)) if a == b)
}

/// Every organisation a request names.
pub(crate) fn named(config: &OrganisationConfig, headers: &HeaderMap, uri: &Uri) -> Vec<String> {
    let mut named = in_header(config.header.as_ref(), headers);
    for rule in &config.rules {
        rule.named(uri, &mut named);
    }
    named
}

fn in_header(name: Option<&HeaderName>, headers: &HeaderMap) -> Vec<String> {
    let values = name.into_iter().flat_map(|name| headers.get_all(name));
    // What is no text names nobody's organisation, and must not pass as naming none.
    let text = values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    text.filter(|value| !value.is_empty()).collect()
}

/// The organisation the request is for, in the caller's own spelling.
///
/// # Errors
/// When it names one that is not the caller's.
pub(crate) fn decide(own: &Own, named: &[String]) -> Result<Option<Arc<str>>, Foreign> {
    let mut chosen: Option<&Arc<str>> = None;
    for name in named {
        let found = own.find(name).ok_or(Foreign)?;
        chosen = chosen.or(Some(found));
    }
    Ok(chosen.or_else(|| own.only()).cloned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::{Config, Source};

    fn config(rules: &str) -> OrganisationConfig {
        let pairs = [
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("SEAWALL_ORGANISATION_RULES", rules),
            ("SEAWALL_ORGANISATION_HEADER", "x-organisation"),
        ];
        Config::load(Source::from_pairs(pairs)).unwrap().auth.organisation
    }

    fn ask(own: &Value, uri: &str) -> Result<Option<String>, Foreign> {
        let config = config("/rest/v1/* org_id, /files/{organisation}/**");
        let named = named(&config, &HeaderMap::new(), &uri.parse().unwrap());
        decide(&Own::of(Some(own)), &named).map(|chosen| chosen.map(|chosen| chosen.to_string()))
    }

    #[test]
    fn ones_own_organisation_may_be_named_and_no_other() {
        let own = json!(["red", "blue"]);
        assert_eq!(
            ask(&own, "/rest/v1/projects?org_id=eq.blue"),
            Ok(Some("blue".to_owned()))
        );
        assert_eq!(ask(&own, "/rest/v1/projects?org_id=eq.green"), Err(Foreign));
        assert_eq!(ask(&own, "/files/red/a/b?download=1"), Ok(Some("red".to_owned())));
        assert_eq!(ask(&own, "/files/green/a/b"), Err(Foreign));
        assert_eq!(ask(&own, "/rest/v1/projects"), Ok(None));
        assert_eq!(
            ask(&json!("red"), "/rest/v1/projects"),
            Ok(Some("red".to_owned()))
        );
    }

    #[test]
    fn nobody_without_an_organisation_may_name_one() {
        for own in [
            json!(null),
            json!(""),
            json!([]),
            json!({"id": "red"}),
            json!(true),
        ] {
            assert_eq!(
                ask(&own, "/rest/v1/projects?org_id=eq.red"),
                Err(Foreign),
                "{own}"
            );
            assert_eq!(ask(&own, "/rest/v1/projects"), Ok(None));
        }
    }

    #[test]
    fn a_uuid_has_several_spellings_and_the_callers_own_is_kept() {
        let own = json!("aaaaaaaa-0000-4000-8000-00000000000f");
        let upper = "/rest/v1/projects?org_id=eq.AAAAAAAA-0000-4000-8000-00000000000F";
        assert_eq!(ask(&own, upper), Ok(Some(own.as_str().unwrap().to_owned())));
        assert_eq!(
            ask(&json!("red"), "/rest/v1/projects?org_id=eq.RED"),
            Err(Foreign)
        );
        assert_eq!(
            ask(&json!(7), "/rest/v1/projects?org_id=eq.7"),
            Ok(Some("7".to_owned()))
        );
    }

    #[test]
    fn every_value_of_the_header_counts() {
        let config = config("/rest/v1/* org_id");
        let mut headers = HeaderMap::new();
        headers.append("x-organisation", HeaderValue::from_static("red"));
        headers.append("x-organisation", HeaderValue::from_bytes(b"gr\xe9en").unwrap());
        let named = named(&config, &headers, &Uri::from_static("/anything"));
        assert_eq!(named.len(), 2);
        assert_eq!(decide(&Own::of(Some(&json!("red"))), &named), Err(Foreign));
    }

    proptest! {
        #[test]
        fn the_chosen_organisation_is_always_the_callers(own in prop::collection::vec("[a-c]{1,2}", 0..4), named in prop::collection::vec("[a-c]{1,2}", 0..4)) {
            let mine = Own::of(Some(&json!(own)));
            match decide(&mine, &named) {
                Ok(chosen) => {
                    prop_assert!(named.iter().all(|name| own.contains(name)));
                    prop_assert!(chosen.is_none_or(|chosen| own.iter().any(|one| **one == *chosen)));
                }
                Err(Foreign) => prop_assert!(named.iter().any(|name| !own.contains(name))),
            }
        }
    }
}
