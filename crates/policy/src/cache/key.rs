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
    let mut kept: Vec<(String, &str)> = Vec::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if !IGNORED.contains(&name.as_str()) {
            let header = (name, value.trim());
            let place = kept.partition_point(|other| *other <= header);
            kept.insert(place, header);
        }
    }
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

/// Whether an address means the same on every page of an origin: it has a scheme, or begins at the root.
#[must_use]
pub fn is_absolute(url: &str) -> bool {
    let scheme = url.bytes().take_while(u8::is_ascii_alphanumeric).count();
    url.starts_with('/') || (scheme > 0 && url.bytes().skip(scheme).take(3).eq(*b"://"))
}

fn ordered(query: &str, orderless: bool) -> String {
    if !orderless {
        return query.to_owned();
    }
    let mut pairs: Vec<&str> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let place = pairs.partition_point(|other| name_of(other) <= name_of(pair));
        pairs.insert(place, pair);
    }
    pairs.join("&")
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
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
