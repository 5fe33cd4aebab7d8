//! What of a request may be queued, and how it goes out again.
//!
//! A plain insert is made repeatable by a key of the client's own: sent a second time it names the key as its conflict
//! target and ignores the duplicate. Everything else goes out as it was made.

use super::write::Form;
use crate::class::Service;
use crate::retry::{Repeat, repeatability};

/// What is known of a write about to be queued.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where it goes.
    pub service: Service,
    /// Its method, in capitals.
    pub method: &'a str,
    /// The part of its address after `?`.
    pub query: &'a str,
    /// Its `Prefer` header.
    pub prefer: Option<&'a str>,
    /// Whether all rows it inserts carry keys of the client's own.
    pub keyed: bool,
    /// Whether its caller says that twice is the same as once.
    pub marked: bool,
}

/// Whether a write may be queued at all, and if so, whether it may be sent when it may have been done already.
///
/// A function whose effect is unknown may not, unless its caller marks it: done hours later, or not known to be done,
/// it is worse than refused. Sessions and files do not wait.
#[must_use]
pub fn queueable(request: &Request<'_>) -> Option<Repeat> {
    match request.service {
        Service::Auth | Service::Storage => None,
        Service::Rpc | Service::Functions => request.marked.then_some(Repeat::Safe),
        Service::Rest if request.marked => Some(Repeat::Safe),
        Service::Rest => match request.method {
            "POST" if request.keyed => Some(Repeat::Safe),
            // A limit names other rows the second time.
            "PATCH" | "DELETE" if !is_limited(request.query) => Some(Repeat::Safe),
            "POST" | "PATCH" | "DELETE" | "PUT" => {
                Some(repeatability(Service::Rest, request.method, request.prefer))
            }
            _ => None,
        },
    }
}

/// The `Prefer` header of a write in this form; `key` is the client-made key's column, if it has one.
#[must_use]
pub fn prefer(made: Option<&str>, form: Form, key: Option<&str>) -> Option<String> {
    let resolution = match form {
        Form::AsMade => None,
        Form::Again if key.is_some() && !made.is_some_and(names_resolution) => Some("ignore-duplicates"),
        Form::Again => None,
        Form::Forced => Some("merge-duplicates"),
    };
    let Some(resolution) = resolution else {
        return made.map(ToOwned::to_owned);
    };
    let others = made.unwrap_or_default().split(',').map(str::trim);
    let kept: Vec<&str> = others
        .filter(|preference| !preference.is_empty() && !names_resolution(preference))
        .collect();
    let mut text = ["resolution=", resolution].concat();
    for preference in kept {
        text.push(',');
        text.push_str(preference);
    }
    Some(text)
}

/// The query of a write in this form.
#[must_use]
pub fn query(made: &str, form: Form, key: Option<&str>, made_prefer: Option<&str>) -> String {
    let targets = match form {
        Form::AsMade => false,
        Form::Again => !made_prefer.is_some_and(names_resolution),
        Form::Forced => true,
    };
    match key {
        Some(key) if targets && parameter(made, "on_conflict").is_none() => joined(made, "on_conflict", key),
        Some(_) | None => made.to_owned(),
    }
}

/// The query with the key's column among `columns`, where it has such a list: what is not listed is not stored.
#[must_use]
pub fn with_column(made: &str, key: &str) -> String {
    let Some(columns) = parameter(made, "columns") else {
        return made.to_owned();
    };
    let quoted = ["%22", key, "%22"].concat();
    if lists(columns, key) || lists(columns, &quoted) {
        return made.to_owned();
    }
    let with = [columns, "%2C", &quoted].concat();
    made.split('&')
        .map(|pair| match pair.strip_prefix("columns=") {
            Some(_) => ["columns=", &with].concat(),
            None => pair.to_owned(),
        })
        .collect::<Vec<String>>()
        .join("&")
}

/// Whether a list has this item, which ends with the list or before a comma, plain or encoded.
fn lists(list: &str, item: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(',') || rest.starts_with("%2C");
    let mut begins = true;
    for (at, _) in list.char_indices() {
        let rest = list.get(at..).unwrap_or_default();
        if begins && rest.strip_prefix(item).is_some_and(ends) {
            return true;
        }
        begins = rest.starts_with(',') || list.get(..=at).is_some_and(|before| before.ends_with("%2C"));
    }
    false
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

fn joined(query: &str, name: &str, value: &str) -> String {
    let separator = if query.is_empty() { "" } else { "&" };
    [query, separator, name, "=", value].concat()
}

fn is_limited(query: &str) -> bool {
    parameter(query, "limit").is_some() || parameter(query, "offset").is_some()
}

fn names_resolution(prefer: &str) -> bool {
    prefer
        .split(',')
        .any(|preference| preference.trim_start().starts_with("resolution="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(method: &'static str) -> Request<'static> {
        Request {
            service: Service::Rest,
            method,
            query: "",
            prefer: None,
            keyed: false,
            marked: false,
        }
    }

    #[test]
    fn what_twice_is_as_good_as_once_is_safe() {
        for method in ["PATCH", "DELETE", "PUT"] {
            assert_eq!(queueable(&rest(method)), Some(Repeat::Safe), "{method}");
        }
        let keyed = Request {
            keyed: true,
            ..rest("POST")
        };
        assert_eq!(queueable(&keyed), Some(Repeat::Safe));
        let upsert = Request {
            prefer: Some("resolution=merge-duplicates"),
            ..rest("POST")
        };
        assert_eq!(queueable(&upsert), Some(Repeat::Safe));
    }

    #[test]
    fn a_plain_insert_and_a_limited_write_are_sent_once() {
        assert_eq!(queueable(&rest("POST")), Some(Repeat::IfNotDone));
        let limited = Request {
            query: "done=is.true&order=id&limit=10",
            ..rest("DELETE")
        };
        assert_eq!(queueable(&limited), Some(Repeat::IfNotDone));
    }

    #[test]
    fn only_a_marked_function_waits_and_no_session_or_file() {
        let to = |service, marked| {
            queueable(&Request {
                service,
                marked,
                ..rest("POST")
            })
        };
        assert_eq!(to(Service::Rpc, false), None);
        assert_eq!(to(Service::Rpc, true), Some(Repeat::Safe));
        assert_eq!(to(Service::Auth, true), None);
        assert_eq!(to(Service::Storage, true), None);
    }

    #[test]
    fn a_keyed_insert_goes_out_again_ignoring_its_duplicate() {
        let made = Some("return=representation");
        assert_eq!(
            prefer(made, Form::AsMade, Some("id")).as_deref(),
            Some("return=representation")
        );
        assert_eq!(
            prefer(made, Form::Again, Some("id")).as_deref(),
            Some("resolution=ignore-duplicates,return=representation")
        );
        assert_eq!(
            query("select=id", Form::Again, Some("id"), made),
            "select=id&on_conflict=id"
        );
        assert_eq!(query("select=id", Form::AsMade, Some("id"), made), "select=id");
    }

    #[test]
    fn an_upsert_goes_out_again_as_it_was_made() {
        let made = Some("resolution=merge-duplicates, return=minimal");
        assert_eq!(prefer(made, Form::Again, Some("id")).as_deref(), made);
        assert_eq!(
            query("on_conflict=name", Form::Again, Some("id"), made),
            "on_conflict=name"
        );
    }

    #[test]
    fn a_forced_write_goes_over_what_is_there() {
        let made = Some("resolution=ignore-duplicates,missing=default");
        assert_eq!(
            prefer(made, Form::Forced, None).as_deref(),
            Some("resolution=merge-duplicates,missing=default")
        );
        assert_eq!(query("", Form::Forced, Some("id"), made), "on_conflict=id");
    }

    #[test]
    fn a_new_column_joins_a_list_that_is_there() {
        assert_eq!(
            with_column("columns=%22a%22%2C%22b%22&select=x", "id"),
            "columns=%22a%22%2C%22b%22%2C%22id%22&select=x"
        );
        assert_eq!(with_column("columns=%22id%22", "id"), "columns=%22id%22");
        assert_eq!(with_column("select=x", "id"), "select=x");
    }
}
