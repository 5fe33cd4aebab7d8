//! The names of settings: read leniently in their spelling, strictly in their meaning.
//!
//! `failure_threshold` is `failureThreshold` (TOML files are written in snake_case); an endpoint is quoted,
//! because it may hold dots: `endpoints."/rest/v1/messages".timeout`.

use super::spelling;
use super::table::Key;
use crate::class::Service;
use crate::error::PolicyError;

/// The part of a document that a setting stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The top: holds everywhere.
    Document,
    /// Holds for one service.
    Service(Service),
    /// Holds for one endpoint.
    Endpoint(String),
}

/// Splits a path at its dots, outside quotes.
pub(super) fn segments(path: &str) -> Option<Vec<&str>> {
    let mut segments = Vec::new();
    let mut rest = path;
    loop {
        let (segment, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            // Checked: the panicking sibling brings the formatting of characters into the small module.
            None => rest.split_at_checked(rest.find('.').unwrap_or(rest.len()))?,
        };
        segments.push(segment);
        if after.is_empty() {
            return Some(segments);
        }
        rest = after.strip_prefix('.')?;
    }
}

/// Puts segments together again, as an error names them.
pub(super) fn joined(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(segment);
    }
    path
}

/// Finds the scope and the setting that a path names; for a flag, a group stands for its `enabled`.
pub(super) fn resolve(segments: &[&str], flag: bool) -> Result<(Scope, Key), PolicyError> {
    let (scope, rest) = match segments {
        ["services", name, rest @ ..] => match Service::from_name(name) {
            Some(service) => (Scope::Service(service), rest),
            None => {
                return Err(PolicyError::UnknownService {
                    name: (*name).to_owned(),
                });
            }
        },
        ["endpoints", path, rest @ ..] if path.starts_with('/') => {
            (Scope::Endpoint((*path).to_owned()), rest)
        }
        ["endpoints", path, ..] => {
            return Err(PolicyError::NotAnEndpoint {
                path: (*path).to_owned(),
            });
        }
        rest => (Scope::Document, rest),
    };
    let named = |canonical: &str| names(canonical, rest);
    let switched = |canonical: &str| flag && canonical.strip_suffix(".enabled").is_some_and(named);
    let found = Key::ALL
        .iter()
        .copied()
        .find(|key| named(key.setting().path) || switched(key.setting().path));
    match found {
        Some(key) => Ok((scope, key)),
        None => Err(unknown(segments, rest)),
    }
}

fn names(canonical: &str, segments: &[&str]) -> bool {
    let mut parts = canonical.split('.');
    segments
        .iter()
        .all(|segment| parts.next().is_some_and(|part| same_word(part, segment)))
        && parts.next().is_none()
}

/// Whether a word in camelCase is the given one in camelCase or snake_case.
fn same_word(camel: &str, given: &str) -> bool {
    let mut given = given.chars();
    let spelled = camel.chars().all(|expected| match given.next() {
        Some('_') if expected.is_ascii_uppercase() => given.next() == Some(expected.to_ascii_lowercase()),
        found => found == Some(expected),
    });
    spelled && given.next().is_none()
}

fn unknown(segments: &[&str], rest: &[&str]) -> PolicyError {
    let asked = joined(rest);
    let known = Key::ALL.iter().map(|key| key.setting().path);
    PolicyError::UnknownKey {
        path: joined(segments),
        nearest: spelling::nearest(&asked, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(path: &str) -> Result<(Scope, Key), PolicyError> {
        resolve(&segments(path).unwrap(), false)
    }

    #[test]
    fn both_spellings_name_the_same_setting() {
        for path in ["breaker.failureThreshold", "breaker.failure_threshold"] {
            assert_eq!(
                resolved(path).unwrap(),
                (Scope::Document, Key::BreakerFailureThreshold)
            );
        }
        assert!(resolved("breaker.failurethreshold").is_err());
        assert!(resolved("breaker.failure__threshold").is_err());
    }

    #[test]
    fn scopes_are_recognised() {
        let (scope, key) = resolved("services.rest.timeout").unwrap();
        assert_eq!((scope, key), (Scope::Service(Service::Rest), Key::Timeout));
        let (scope, _) = resolved("endpoints.\"/rest/v1/a.b\".retry.attempts").unwrap();
        assert_eq!(scope, Scope::Endpoint("/rest/v1/a.b".to_owned()));
    }

    #[test]
    fn a_group_stands_for_its_flag() {
        let segments = ["services", "rest", "cache"];
        assert_eq!(
            resolve(&segments, true).unwrap(),
            (Scope::Service(Service::Rest), Key::CacheEnabled)
        );
        assert!(resolve(&segments, false).is_err());
        assert!(resolve(&["breaker"], true).is_err());
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let nearest = |path: &str| match resolved(path) {
            Err(PolicyError::UnknownKey { nearest, .. }) => nearest,
            _ => None,
        };
        assert_eq!(
            nearest("breaker.failureTreshold"),
            Some("breaker.failureThreshold")
        );
        assert_eq!(nearest("services.rest.brekaer.jitter"), Some("breaker.jitter"));
        assert_eq!(nearest("completely.different"), None);
    }

    #[test]
    fn broken_quotes_are_no_path() {
        for path in ["\"a", "endpoints.\"/a\"timeout", "a.\"b\"c"] {
            assert_eq!(segments(path), None, "{path}");
        }
    }
}
