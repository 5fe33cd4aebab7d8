//! A URL's query as PostgREST reads it: pairs, in order, decoded, each with the text it was written as.

use super::text;

/// A URL and the pairs of its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// Everything before the question mark.
    pub base: &'a str,
    /// The pairs in the order given.
    pub pairs: Vec<Pair<'a>>,
}

/// One `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// As written.
    pub raw: &'a str,
    /// Decoded.
    pub name: String,
    /// Decoded; empty where there is no equals sign.
    pub value: String,
}

impl<'a> Query<'a> {
    /// Reads a URL; `None` where it has a fragment or is no text once decoded.
    #[must_use]
    pub fn parse(url: &'a str) -> Option<Self> {
        if text::holds(url, b"#") {
            return None;
        }
        let (base, mut rest) = text::cut(url, b'?');
        let mut pairs = Vec::new();
        while let Some(written) = rest {
            let (raw, following) = text::cut(written, b'&');
            rest = following;
            if !raw.is_empty() {
                pairs.push(Pair::parse(raw)?);
            }
        }
        Some(Self { base, pairs })
    }

    /// The value of the only pair of this name; `None` where there is none or more than one.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut found = self.pairs.iter().filter(|pair| pair.name == name);
        let first = found.next()?;
        found.next().is_none().then_some(first.value.as_str())
    }

    /// Whether a pair of this name is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|pair| pair.name == name)
    }

    /// The URL before and after the value of one pair; `changed` has another value for one of the others.
    #[must_use]
    pub fn around(&self, hole: usize, changed: Option<(usize, &str)>) -> (String, String) {
        let (mut before, mut url) = (String::new(), String::from(self.base));
        for (index, pair) in self.pairs.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            if index == hole {
                encode(&mut url, &pair.name);
                url.push('=');
                before = core::mem::take(&mut url);
            } else if let Some((_, value)) = changed.filter(|(at, _)| *at == index) {
                encode(&mut url, &pair.name);
                url.push('=');
                encode(&mut url, value);
            } else {
                url.push_str(pair.raw);
            }
        }
        (before, url)
    }
}

impl<'a> Pair<'a> {
    fn parse(raw: &'a str) -> Option<Self> {
        let (name, value) = text::cut(raw, b'=');
        Some(Self {
            raw,
            name: decode(name)?,
            value: decode(value.unwrap_or_default())?,
        })
    }
}

/// Appends `text` with everything encoded that a query may not hold as it is. Parentheses, commas and quotes that
/// structure a filter may stay: they are a third as long.
fn encode(url: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~*(),:".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(digit(byte >> 4));
            url.push(digit(byte & 15));
        }
    }
}

/// The text as a query may hold it.
#[must_use]
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    encode(&mut encoded, text);
    encoded
}

/// Percent and plus signs undone, as servers undo them; `None` where the result is no text.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (high, low) = (hex(rest.next()?)?, hex(rest.next()?)?);
                bytes.push(high << 4 | low);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_keep_their_text() {
        let query = Query::parse("/rest/v1/t?select=a%2Cb&name=eq.x+y%26z").unwrap();
        assert_eq!(query.base, "/rest/v1/t");
        assert_eq!(query.only("select"), Some("a,b"));
        assert_eq!(query.pairs[1].value, "eq.x y&z");
        assert_eq!(query.pairs[1].raw, "name=eq.x+y%26z");
    }

    #[test]
    fn a_url_opens_around_one_value_and_the_others_stay() {
        let query = Query::parse("t?a=x%2Cy&b=eq.1&c=2").unwrap();
        let pair = |before: &str, after: &str| (before.to_owned(), after.to_owned());
        assert_eq!(query.around(1, None), pair("t?a=x%2Cy&b=", "&c=2"));
        assert_eq!(
            query.around(1, Some((2, "é,(2)"))),
            pair("t?a=x%2Cy&b=", "&c=%C3%A9,(2)")
        );
        assert_eq!(query.around(0, None), pair("t?a=", "&b=eq.1&c=2"));
    }

    #[test]
    fn what_is_no_text_is_not_read() {
        assert_eq!(Query::parse("t?a=%ff"), None);
        assert_eq!(Query::parse("t?a=%2"), None);
        assert_eq!(Query::parse("t?a=1#b"), None);
    }

    #[test]
    fn a_name_given_twice_is_not_the_only_one() {
        let query = Query::parse("t?a=1&a=2").unwrap();
        assert_eq!(query.only("a"), None);
        assert!(query.has("a"));
    }
}
