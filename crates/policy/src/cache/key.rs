//! The canonical text of a request: two requests have the same one only if their answers cannot differ.
//!
//! It holds the method, the address, every header but those known to change nothing, and who asks: the subject,
//! the claims that policies may look at, and the API key. Each field carries its length, so no content can
//! pretend to be another field's. The shell hashes it; what is stored names nobody.

/// Who asks, as far as it may change the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity<'a> {
    /// The token's subject, or what stands for it; empty for nobody.
    pub subject: &'a str,
    /// The rest of the claims that a policy may look at, in any form that differs when they do.
    pub claims: &'a str,
    /// The project's API key.
    pub api_key: &'a str,
}

/// Headers that change no answer: those of the libraries, of tracing, and those the cache itself reads or sends.
const IGNORED: [&str; 20] = [
    "apikey",
    "authorization",
    "baggage",
    "cache-control",
    "content-length",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "pragma",
    "priority",
    "sentry-trace",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-client-info",
    "x-request-id",
    "x-retry-count",
    "x-seawall",
    "x-supabase-api-version",
    "x-supabase-client-platform",
];

/// The canonical text. `orderless`: the order of the query's parameters means nothing to the service, as it does not
/// to PostgREST; repetitions of one name keep their order.
#[must_use]
pub fn canonical<'a>(
    method: &str,
    url: &str,
    orderless: bool,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
    identity: &Identity<'_>,
) -> String {
    let mut text = String::with_capacity(256);
    field(&mut text, method);
    let (place, query) = split(url);
    field(&mut text, place);
    field(&mut text, &ordered(query, orderless));
    let mut kept: Vec<(String, &str)> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .filter(|(name, _)| !IGNORED.contains(&name.as_str()))
        .collect();
    kept.sort();
    for (name, value) in &kept {
        field(&mut text, name);
        field(&mut text, value);
    }
    text.push('\n');
    field(&mut text, identity.subject);
    field(&mut text, identity.claims);
    field(&mut text, identity.api_key);
    text
}

/// The address and the query of a URL, without its fragment.
#[must_use]
pub fn split(url: &str) -> (&str, &str) {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    url.split_once('?').unwrap_or((url, ""))
}

/// Whether an address means the same on every page of an origin.
#[must_use]
pub fn is_absolute(url: &str) -> bool {
    url.starts_with('/') || url.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn ordered(query: &str, orderless: bool) -> String {
    if !orderless {
        return query.to_owned();
    }
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_by_key(name_of);
    pairs.join("&")
}

fn name_of<'a>(pair: &&'a str) -> &'a str {
    pair.split_once('=').map_or(*pair, |(name, _)| name)
}

fn field(text: &mut String, content: &str) {
    let mut digits = [0_u8; 20];
    let mut rest = content.len();
    let mut used = 0;
    for digit in &mut digits {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    text.extend(digits.iter().take(used).rev().map(|digit| char::from(*digit)));
    text.push(':');
    text.push_str(content);
}
