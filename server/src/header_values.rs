//! Values of several headers in one piece of memory.
//!
//! Each by itself would ask for its own, and once more when it is cloned first; those here are on every request and
//! every answer.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

/// Headers that are being written, each as text that an [`end`](Self::end) gives its name.
pub(crate) struct HeaderValues {
    text: String,
    ends: SmallVec<[(HeaderName, usize); 8]>,
}

impl Default for HeaderValues {
    fn default() -> Self {
        Self {
            text: String::with_capacity(256),
            ends: SmallVec::new(),
        }
    }
}

impl HeaderValues {
    pub(crate) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.text.push_str(itoa::Buffer::new().format(number));
    }

    /// What was added since the last end is this header's.
    pub(crate) fn end(&mut self, name: HeaderName) {
        self.ends.push((name, self.text.len()));
    }

    /// Puts them in the place of what was said under their names; what no header can carry is left out.
    pub(crate) fn into_headers(self, headers: &mut HeaderMap) {
        let text = Bytes::from(self.text);
        let mut from = 0;
        for (name, to) in self.ends {
            match HeaderValue::from_maybe_shared(text.slice(from..to)) {
                Ok(value) => headers.insert(name, value),
                Err(_) => headers.remove(name),
            };
            from = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header::{FORWARDED, HOST, VIA};

    use super::*;

    #[test]
    fn values_share_memory_and_not_their_text() {
        let mut values = HeaderValues::default();
        values.text("a");
        values.number(10);
        values.end(HOST);
        values.text("no\nheader");
        values.end(VIA);
        values.number(u64::MAX);
        values.end(FORWARDED);
        let mut headers = HeaderMap::from_iter([(VIA, HeaderValue::from_static("forged"))]);
        values.into_headers(&mut headers);
        assert_eq!(headers[HOST], "a10");
        assert_eq!(headers[FORWARDED], "18446744073709551615");
        assert!(!headers.contains_key(VIA));
    }
}
