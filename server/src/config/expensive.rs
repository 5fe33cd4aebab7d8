//! Which operations are expensive, and which endpoints have a limit over all their callers.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::Method;
use http::header::ACCEPT;
use seawall_policy::class::{Service, Target};
use seawall_policy::limit::Quota;
use seawall_policy::time::Span;

use crate::plain_path::plain;

const PREFER: &str = "prefer";

/// A kind of expensive operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expensive {
    /// Reads as CSV: somebody takes a whole table home.
    Exports,
    /// Files written to storage.
    Uploads,
    /// Reads that ask for an exact count of all rows.
    CountExact,
    /// Database functions.
    Rpc,
    /// Edge functions.
    Functions,
    /// Everything at one endpoint.
    Endpoint(String),
}

impl Expensive {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "exports" => Ok(Self::Exports),
            "uploads" => Ok(Self::Uploads),
            "count-exact" => Ok(Self::CountExact),
            "rpc" => Ok(Self::Rpc),
            "functions" => Ok(Self::Functions),
            path if path.starts_with('/') => Ok(Self::Endpoint(plain(path).into_owned())),
            other => Err(format!(
                "must be exports, uploads, count-exact, rpc, functions or a path, not {other:?}"
            )),
        }
    }

    /// Whether a request is of this kind.
    #[must_use]
    pub fn is(&self, method: &Method, target: &Target<'_>, headers: &HeaderMap) -> bool {
        let says = |name: &str, word: &str| {
            headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
                .any(|text| text.contains(word))
        };
        match self {
            Self::Exports => method.is_safe() && says(ACCEPT.as_str(), "text/csv"),
            Self::Uploads => target.service == Service::Storage && !method.is_safe(),
            Self::CountExact => says(PREFER, "count=exact"),
            Self::Rpc => target.service == Service::Rpc,
            Self::Functions => target.service == Service::Functions,
            Self::Endpoint(path) => target.endpoint == path,
        }
    }
}

/// `/rest/v1/rpc/report=100/60000`: requests in milliseconds.
pub(super) fn endpoint_quotas(items: &[String]) -> Result<BTreeMap<String, Quota>, String> {
    let quota = |item: &String| {
        let wrong = || format!("must be path=requests/milliseconds, not {item:?}");
        let (path, numbers) = item.rsplit_once('=').ok_or_else(wrong)?;
        let (limit, window) = numbers.split_once('/').ok_or_else(wrong)?;
        let limit = limit.trim().parse().map_err(|_| wrong())?;
        let window: u64 = window.trim().parse().map_err(|_| wrong())?;
        let quota = Quota::try_new(limit, Span::from_millis(window)).map_err(|error| error.to_string())?;
        Ok((plain(path.trim()).into_owned(), quota))
    };
    items.iter().map(quota).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn is(kind: &str, method: &Method, path: &str, header: Option<(&'static str, &'static str)>) -> bool {
        let headers: HeaderMap = header
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let target = Target::of(method.as_str(), path);
        Expensive::parse(kind).unwrap().is(method, &target, &headers)
    }

    #[test]
    fn each_kind_knows_its_requests() {
        let csv = Some(("accept", "text/csv"));
        assert!(is("exports", &Method::GET, "/rest/v1/messages", csv));
        let shouted = Some(("accept", "Text/CSV"));
        assert!(is("exports", &Method::GET, "/rest/v1/messages", shouted));
        assert!(!is("exports", &Method::POST, "/rest/v1/messages", csv));
        assert!(!is("exports", &Method::GET, "/rest/v1/messages", None));
        let object = "/storage/v1/object/avatars/me.png";
        assert!(is("uploads", &Method::POST, object, None) && !is("uploads", &Method::GET, object, None));
        let exact = Some(("prefer", "return=minimal, count=exact"));
        assert!(is("count-exact", &Method::HEAD, "/rest/v1/messages", exact));
        assert!(is("rpc", &Method::POST, "/rest/v1/rpc/report", None));
        assert!(is("functions", &Method::POST, "/functions/v1/send", None));
        assert!(is(
            "/rest/v1/rpc/report",
            &Method::POST,
            "/rest/v1/rpc/report",
            None
        ));
        assert!(!is(
            "/rest/v1/rpc/report",
            &Method::POST,
            "/rest/v1/rpc/reports",
            None
        ));
        assert!(Expensive::parse("everything").is_err());
    }

    #[test]
    fn an_endpoint_s_quota_is_requests_in_milliseconds() {
        let quotas = endpoint_quotas(&["/rest/v1/rpc/report=100/60000".to_owned()]).unwrap();
        assert_eq!(quotas["/rest/v1/rpc/report"].limit(), 100);
        for wrong in ["/x", "/x=1", "/x=1/x", "/x=0/1"] {
            assert!(endpoint_quotas(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
