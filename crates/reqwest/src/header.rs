//! Headers in the order in which they were given: the dozen that `postgrest` knows need no table and no hashing.

use core::convert::Infallible;

/// Headers, each name once.
#[derive(Clone, Debug, Default)]
pub struct HeaderMap {
    entries: Vec<(String, HeaderValue)>,
}

/// A header's value. Whether it may be sent is the page's judgement, which makes `Headers` of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeaderValue(String);

/// What names a header.
pub trait IntoHeaderName: AsRef<str> {}

impl IntoHeaderName for &str {}
impl IntoHeaderName for String {}

impl HeaderMap {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Sets a header, in the place of that of its name, whose value is given back.
    #[expect(clippy::needless_pass_by_value, reason = "the signature is reqwest's")]
    pub fn insert(&mut self, name: impl IntoHeaderName, value: HeaderValue) -> Option<HeaderValue> {
        self.set(name.as_ref(), value)
    }

    /// The value of a header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&HeaderValue> {
        let found = self
            .entries
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// Names, in small letters, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.0.as_str()))
    }

    fn set(&mut self, name: &str, value: HeaderValue) -> Option<HeaderValue> {
        let found = self
            .entries
            .iter_mut()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        if let Some((_, own)) = found {
            return Some(core::mem::replace(own, value));
        }
        self.entries.push((name.to_ascii_lowercase(), value));
        None
    }
}

impl HeaderValue {
    /// A value that is known beforehand.
    #[must_use]
    pub fn from_static(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// A value.
    ///
    /// # Errors
    /// None; the signature is reqwest's.
    #[expect(clippy::should_implement_trait, reason = "the signature is reqwest's")]
    pub fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_set_once_whatever_its_letters() {
        let mut headers = HeaderMap::new();
        headers.insert("Accept", HeaderValue::from_static("a"));
        headers.insert("Prefer", HeaderValue::from_static("b"));
        headers.insert("accept", HeaderValue::from_static("c"));
        let listed: Vec<_> = headers.iter().collect();
        assert_eq!(listed, [("accept", "c"), ("prefer", "b")]);
    }
}
