//! The body of a write or of a call.

use std::collections::BTreeSet;

/// A body, as far as it must be understood before the database sees it.
///
/// JSON stays text: PostgreSQL parses it anyway, and a tree of a large body costs many times its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON (or CSV, or a form, turned into JSON) that was looked at: an object, or an array of objects
    /// which all have the same keys.
    Json {
        /// The text.
        text: String,
        /// The keys.
        keys: BTreeSet<String>,
    },
    /// JSON that was not looked at, because `columns=` says which keys count.
    RawJson(String),
    /// A form posted to a function: its arguments, repeats kept for variadics.
    Form {
        /// Name and value, in order.
        pairs: Vec<(String, String)>,
        /// The names.
        keys: BTreeSet<String>,
    },
    /// Text, XML or bytes for a function's single unnamed parameter.
    Raw(Vec<u8>),
}

impl Payload {
    /// The body as the text of one bind, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Json { text, .. } | Self::RawJson(text) => Some(text),
            Self::Raw(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Form { .. } => None,
        }
    }
}
