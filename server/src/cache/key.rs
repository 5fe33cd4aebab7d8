//! Under which name an answer is kept: two requests share one only if their answers cannot differ.
//!
//! The name is the SHA-256 of the canonical text of the policy core: method, address, the headers that may matter,
//! the role and all claims, since a policy may read any. To it belongs the *scope*: what the server itself brings to
//! an answer (its database, its settings, its catalogue), so that two deployments on one Redis do not meet.
//!
//! Direct mode knows which headers change an answer, apart from those that SQL reads; such answers are not kept at
//! all. Of an upstream nothing is known, so there every header counts but those that say nothing.

use aws_lc_rs::digest;
use http::{HeaderMap, HeaderName, Method, Uri, header};
use seawall_policy::cache::key::{Identity as Who, canonical};
use serde_json::Value;

use crate::auth::Identity;

/// The name of a kept answer.
pub(crate) type Key = [u8; 32];

/// Headers that PostgREST's protocol reads in a request for rows, and those by which a role may be refused.
const READ_BY_DIRECT_MODE: [HeaderName; 6] = [
    header::ACCEPT,
    header::ORIGIN,
    header::RANGE,
    HeaderName::from_static("accept-profile"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("range-unit"),
];

/// Headers of a connection, not of a request. The host is none of them: an upstream is told of it and may write it
/// into addresses, and whoever chooses it must not choose it for others.
const OF_THE_WAY: [HeaderName; 5] = [
    header::CONNECTION,
    header::TE,
    header::UPGRADE,
    header::VIA,
    HeaderName::from_static("keep-alive"),
];

/// Which headers are part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matters {
    /// Those that direct mode reads.
    Direct,
    /// All but those that say nothing.
    Upstream,
}

/// Makes keys for one request.
pub(crate) struct Keys<'request> {
    pub(crate) scope: &'request Key,
    pub(crate) matters: Matters,
    pub(crate) method: &'request Method,
    pub(crate) uri: &'request Uri,
    pub(crate) headers: &'request HeaderMap,
    pub(crate) identity: &'request Identity,
}

impl Keys<'_> {
    /// For the caller alone, and whoever has the very same claims.
    pub(crate) fn private(&self, ignored_claims: &[String]) -> Key {
        let claims = claims(self.identity, ignored_claims);
        self.of(&Who {
            subject: "private",
            claims: &claims,
            api_key: "",
        })
    }

    /// For everybody of the caller's role.
    pub(crate) fn public(&self) -> Key {
        self.of(&Who {
            subject: "public",
            claims: &self.identity.role,
            api_key: "",
        })
    }

    fn of(&self, who: &Who<'_>) -> Key {
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| self.matters(name))
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        // A header that is no text still tells two requests apart.
        let texts: Vec<(&str, String)> = headers
            .map(|(name, value)| (name, value.escape_ascii().to_string()))
            .collect();
        let address = address(self.uri);
        // An upstream may take the role from it; direct mode never looks.
        let api_key = match self.matters {
            Matters::Direct => String::new(),
            Matters::Upstream => self
                .headers
                .get("apikey")
                .map_or_else(String::new, |key| key.as_bytes().escape_ascii().to_string()),
        };
        let who = &Who {
            api_key: &api_key,
            ..*who
        };
        // Over HTTP/2 the host is no header.
        let host = self
            .uri
            .authority()
            .filter(|_| self.matters == Matters::Upstream && !self.headers.contains_key(header::HOST))
            .map(|host| (header::HOST.as_str(), host.as_str()));
        let texts = texts
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(host);
        let text = canonical(self.method.as_str(), address, true, texts, who);
        sha256(&[self.scope.as_slice(), text.as_bytes()])
    }

    fn matters(&self, name: &HeaderName) -> bool {
        match self.matters {
            Matters::Direct => READ_BY_DIRECT_MODE.contains(name),
            Matters::Upstream => !OF_THE_WAY.contains(name),
        }
    }
}

/// Path and query, as sent.
pub(crate) fn address(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
}

/// SHA-256 over the parts, each with its length, so that none can pretend to be another's.
pub(crate) fn sha256(parts: &[&[u8]]) -> Key {
    let mut digest = digest::Context::new(&digest::SHA256);
    for part in parts {
        digest.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    let mut key = Key::default();
    let whole = digest.finish();
    for (byte, computed) in key.iter_mut().zip(whole.as_ref()) {
        *byte = *computed;
    }
    key
}

/// Everything verified about the caller, in a form that differs when it does.
fn claims(identity: &Identity, ignored: &[String]) -> String {
    let claims: serde_json::Map<String, Value> = identity
        .claims
        .iter()
        .filter(|(name, _)| !ignored.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let parts = [
        Value::from(&*identity.role),
        Value::from(identity.authenticated),
        Value::from(identity.organisation.as_deref()),
        Value::Object(claims),
    ];
    Value::from(parts.to_vec()).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::ClaimPath;

    fn who(role: &str, claims: &Value) -> Identity {
        let mut claims = claims.as_object().unwrap().clone();
        claims.insert("role".to_owned(), role.into());
        Identity::of(claims, &ClaimPath::default(), None, true).unwrap()
    }

    fn keys(uri: &str, headers: &[(&'static str, &str)], identity: &Identity) -> (Key, Key) {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let keys = Keys {
            scope: &[7; 32],
            matters: Matters::Direct,
            method: &Method::GET,
            uri: &uri.parse().unwrap(),
            headers: &headers,
            identity,
        };
        (keys.private(&["iat".to_owned()]), keys.public())
    }

    #[test]
    fn every_claim_tells_callers_apart_unless_it_is_ignored() {
        let of = |claims: Value| keys("/rooms", &[], &who("authenticated", &claims)).0;
        assert_ne!(
            of(json!({"sub": "a"})),
            of(json!({"sub": "a", "app_metadata": {"tide": 3}}))
        );
        assert_ne!(of(json!({"sub": "a"})), of(json!({"sub": "b"})));
        assert_eq!(
            of(json!({"sub": "a", "iat": 1})),
            of(json!({"sub": "a", "iat": 2}))
        );
    }

    #[test]
    fn a_public_key_is_one_role_s_and_never_a_private_one() {
        let (alice, bob) = (
            who("anon", &json!({"sub": "a"})),
            who("anon", &json!({"sub": "b"})),
        );
        assert_eq!(keys("/rooms", &[], &alice).1, keys("/rooms", &[], &bob).1);
        assert_ne!(
            keys("/rooms", &[], &alice).1,
            keys("/rooms", &[], &who("authenticated", &json!({}))).1
        );
        assert_ne!(keys("/rooms", &[], &alice).0, keys("/rooms", &[], &alice).1);
    }

    #[test]
    fn the_list_and_the_single_object_do_not_meet() {
        let anon = who("anon", &json!({}));
        let of = |headers: &[(&'static str, &str)]| keys("/rooms?a=eq.1", headers, &anon).0;
        let single = [("accept", "application/vnd.pgrst.object+json")];
        assert_ne!(of(&[]), of(&single));
        assert_ne!(of(&[("range", "0-1")]), of(&[("range", "0-2")]));
        assert_ne!(of(&[("prefer", "count=exact")]), of(&[]));
        assert_eq!(of(&[("user-agent", "a")]), of(&[("user-agent", "b")]));
    }

    /// An upstream is told which host was asked for: who chooses it must not choose what others are given.
    #[test]
    fn before_an_upstream_the_host_counts_however_it_is_named() {
        let anon = who("anon", &json!({}));
        let of = |uri: &str, host: Option<&'static str>| {
            let keys = Keys {
                scope: &[7; 32],
                matters: Matters::Upstream,
                method: &Method::GET,
                uri: &uri.parse().unwrap(),
                headers: &host
                    .map(|host| (header::HOST, host.parse().unwrap()))
                    .into_iter()
                    .collect(),
                identity: &anon,
            };
            keys.public()
        };
        assert_ne!(
            of("/links", Some("api.example")),
            of("/links", Some("evil.example"))
        );
        assert_ne!(
            of("https://api.example/links", None),
            of("https://evil.example/links", None)
        );
        assert_eq!(
            of("https://api.example/links", None),
            of("/links", Some("api.example"))
        );
    }

    #[test]
    fn the_order_of_parameters_does_not_matter_and_their_content_does() {
        let anon = who("anon", &json!({}));
        let of = |uri| keys(uri, &[], &anon).0;
        assert_eq!(of("/rooms?a=eq.1&b=eq.2"), of("/rooms?b=eq.2&a=eq.1"));
        assert_ne!(of("/rooms?a=eq.1&b=eq.2"), of("/rooms?a=eq.2&b=eq.1"));
    }

    proptest! {
        /// Two callers share a private key only if role and claims are the same.
        #[test]
        fn no_two_identities_share_a_key(
            left in prop::collection::btree_map("[a-c]{1,2}", "[a-c\":,{}\\\\]{0,3}", 0..4),
            right in prop::collection::btree_map("[a-c]{1,2}", "[a-c\":,{}\\\\]{0,3}", 0..4),
            roles in ("[ab]", "[ab]"),
        ) {
            let same = left == right && roles.0 == roles.1;
            let one = keys("/rooms", &[], &who(&roles.0, &json!(left))).0;
            let other = keys("/rooms", &[], &who(&roles.1, &json!(right))).0;
            prop_assert_eq!(one == other, same);
        }
    }
}
