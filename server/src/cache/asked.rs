//! What a request is to the cache.

use http::header::{AUTHORIZATION, CACHE_CONTROL, IF_NONE_MATCH, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use seawall_policy::cache::admit::{Part, part};
use seawall_policy::cache::depend::resource;
use seawall_policy::cache::freshness::{Directives, Lifetimes};
use seawall_policy::cache::lookup::Mode;
use seawall_policy::class::{Service, Target};
use seawall_policy::time::Span;

use super::Cache;
use super::key::{Keys, Matters, address, sha256};
use crate::auth::Identity;
use crate::cache::Key;
use crate::plain_path::plain;

/// Conditions other than `If-None-Match` are for whoever has the answer at its source.
const CONDITIONS: [HeaderName; 4] = [
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
];

/// A request, sorted.
pub(crate) enum Asked {
    /// A read whose answer may be kept.
    Read(Box<Read>),
    /// A read that passes by, and says so.
    Bypass,
    /// It may change something.
    Write,
    /// None of the cache's business.
    Bystander,
}

/// A read whose answer may be kept.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) service: Service,
    pub(crate) endpoint: String,
    pub(crate) query: String,
    pub(crate) address: String,
    pub(crate) subject: String,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) mode: Mode,
    /// Kept answers may not be older.
    pub(crate) max_age: Option<Span>,
    pub(crate) is_head: bool,
    pub(crate) passed_on: bool,
    /// The tags of what the caller has already.
    pub(crate) known: Vec<HeaderValue>,
    pub(crate) private: Key,
    pub(crate) public: Option<Key>,
}

impl Read {
    /// The name under which others wait for it.
    pub(crate) fn flight(&self) -> &Key {
        self.public.as_ref().unwrap_or(&self.private)
    }

    /// The names its answer may be kept under, the one for everybody first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.public.iter().chain([&self.private])
    }
}

/// What is known of a request.
pub(crate) struct Seen<'request> {
    pub(crate) method: &'request Method,
    pub(crate) uri: &'request Uri,
    pub(crate) headers: &'request HeaderMap,
    pub(crate) identity: Option<&'request Identity>,
    /// It goes to an upstream.
    pub(crate) passed_on: bool,
    /// The catalogue's fingerprint, as far as there is one.
    pub(crate) catalogue: Key,
}

impl Cache {
    /// Sorts a request.
    pub(crate) fn sort(&self, seen: &Seen<'_>) -> Asked {
        // A socket, or a stream without end.
        let streams = seen
            .headers
            .get(header::ACCEPT)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if seen.headers.contains_key(header::UPGRADE) || streams {
            return Asked::Bystander;
        }
        let path = plain(seen.uri.path());
        let target = Target::of(seen.method.as_str(), &path);
        let name = resource(target.endpoint);
        let lifetimes = match target.service {
            Service::Rest | Service::Rpc if name.is_empty() => None,
            // Before an upstream nobody knows what a function does until somebody says so.
            Service::Rpc if seen.passed_on && !self.config.rules.contains_key(&name) => None,
            Service::Rest | Service::Rpc => self.config.of(&name),
            // Whole services are not kept by one switch: their answers are named one by one.
            Service::Storage | Service::Functions if self.config.rules.contains_key(&name) => {
                self.config.of(&name)
            }
            Service::Storage | Service::Functions | Service::Auth => None,
        };
        match part(&target, seen.method.as_str(), lifetimes.is_some()) {
            Part::Write => return Asked::Write,
            Part::Bystander if !matches!(*seen.method, Method::GET | Method::HEAD) => {
                return Asked::Bystander;
            }
            Part::Read | Part::Bystander => {}
        }
        let (Some(lifetimes), Some(identity)) = (lifetimes, seen.identity) else {
            return Asked::Bypass;
        };
        let wishes = wishes(seen.headers);
        if wishes.no_store || CONDITIONS.iter().any(|name| seen.headers.contains_key(name)) {
            return Asked::Bypass;
        }
        // A scheme that is not verified here may mean somebody else to an upstream.
        if seen.headers.contains_key(AUTHORIZATION) && !identity.authenticated {
            return Asked::Bypass;
        }
        let scope = sha256(&[&self.scope, &seen.catalogue]);
        let keys = Keys {
            scope: &scope,
            matters: if seen.passed_on {
                Matters::Upstream
            } else {
                Matters::Direct
            },
            method: seen.method,
            uri: seen.uri,
            headers: seen.headers,
            identity,
        };
        let span = |duration: std::time::Duration| {
            Span::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
        };
        Asked::Read(Box::new(Read {
            service: target.service,
            endpoint: target.endpoint.to_owned(),
            query: seen.uri.query().unwrap_or_default().to_owned(),
            address: address(seen.uri).to_owned(),
            subject: identity.subject().unwrap_or_default().to_owned(),
            lifetimes: Lifetimes {
                fresh: span(lifetimes.fresh),
                stale: span(lifetimes.stale),
                kept: span(lifetimes.kept),
            },
            mode: wishes.mode,
            max_age: wishes.max_age,
            passed_on: seen.passed_on,
            is_head: seen.method == Method::HEAD,
            known: seen.headers.get_all(IF_NONE_MATCH).iter().cloned().collect(),
            private: keys.private(&self.config.ignored_claims),
            public: self.config.is_public(&name).then(|| keys.public()),
        }))
    }
}

/// What the caller wants of the cache.
struct Wishes {
    mode: Mode,
    no_store: bool,
    max_age: Option<Span>,
}

fn wishes(headers: &HeaderMap) -> Wishes {
    let texts = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let text = texts.collect::<Vec<_>>().join(",");
    let directives = Directives::parse(&text);
    let only = text
        .split(',')
        .any(|part| part.trim().eq_ignore_ascii_case("only-if-cached"));
    let pragma = text.is_empty() && headers.get(PRAGMA).is_some_and(|value| value == "no-cache");
    let mode = match () {
        () if only => Mode::OnlyIfCached,
        () if directives.no_cache || pragma || directives.max_age == Some(Span::ZERO) => Mode::Reload,
        () => Mode::Default,
    };
    Wishes {
        mode,
        no_store: directives.no_store,
        max_age: directives.max_age,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &'static str) -> (Mode, bool) {
        let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(header))]);
        let wishes = wishes(&headers);
        (wishes.mode, wishes.no_store)
    }

    #[test]
    fn a_caller_may_insist() {
        assert_eq!(of("no-cache"), (Mode::Reload, false));
        assert_eq!(of("max-age=0"), (Mode::Reload, false));
        assert_eq!(of("no-store"), (Mode::Default, true));
        assert_eq!(of("only-if-cached"), (Mode::OnlyIfCached, false));
        assert_eq!(of("max-age=10"), (Mode::Default, false));
        let pragma = HeaderMap::from_iter([(PRAGMA, HeaderValue::from_static("no-cache"))]);
        assert_eq!(wishes(&pragma).mode, Mode::Reload);
    }
}
