//! SQL as text plus binds, composed without ever putting a value into the text.

/// A value for a placeholder: sent as text, its type inferred by PostgreSQL or cast in the statement; `None` is
/// null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bind(pub Option<String>);

/// A finished statement, whose placeholders `$1`, `$2`, … stand for its binds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// Text with placeholders.
    pub text: String,
    /// Values in the order of their placeholders.
    pub binds: Vec<Bind>,
}

/// A piece of a statement. Placeholders get their numbers when the statement is finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    text: String,
    /// Where in the text a placeholder belongs, and for what.
    binds: Vec<(usize, Bind)>,
}

impl From<&str> for Fragment {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            binds: Vec::new(),
        }
    }
}

impl From<String> for Fragment {
    fn from(text: String) -> Self {
        Self {
            text,
            binds: Vec::new(),
        }
    }
}

impl Fragment {
    /// Nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            text: String::new(),
            binds: Vec::new(),
        }
    }

    /// Nothing yet, with room for so many bytes of text and so many values.
    #[must_use]
    pub fn with_room(text: usize, binds: usize) -> Self {
        Self {
            text: String::with_capacity(text),
            binds: Vec::with_capacity(binds),
        }
    }

    /// A single value.
    #[must_use]
    pub fn bind(value: impl Into<String>) -> Self {
        Self::empty().value(value)
    }

    /// Appends text of our own, never a request's.
    #[must_use]
    pub fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends a value.
    #[must_use]
    pub fn value(self, value: impl Into<String>) -> Self {
        self.optional(Some(value.into()))
    }

    /// Appends a value that may be null.
    #[must_use]
    pub fn optional(mut self, value: Option<String>) -> Self {
        self.binds.push((self.text.len(), Bind(value)));
        self
    }

    /// Appends a fragment.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.binds
            .extend(other.binds.into_iter().map(|(at, bind)| (at + offset, bind)));
        self
    }

    /// Joins fragments with a text between them.
    #[must_use]
    pub fn list(fragments: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let mut out = Self::empty();
        for (idx, fragment) in fragments.into_iter().enumerate() {
            if idx > 0 {
                out = out.push(between);
            }
            out = out.join(fragment);
        }
        out
    }

    /// Whether there is no text and no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.binds.is_empty()
    }

    /// Numbers the placeholders.
    #[must_use]
    pub fn into_statement(self) -> Statement {
        let mut text = String::with_capacity(self.text.len() + 3 * self.binds.len());
        let mut binds = Vec::with_capacity(self.binds.len());
        let mut rest = self.text.as_str();
        let mut done = 0;
        for (at, bind) in self.binds {
            if let Some((before, after)) = rest.split_at_checked(at - done) {
                text.push_str(before);
                rest = after;
                done = at;
            }
            binds.push(bind);
            text.push('$');
            text.push_str(&binds.len().to_string());
        }
        text.push_str(rest);
        Statement { text, binds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_in_the_order_of_the_text() {
        let inner = Fragment::from("b = ").value("2");
        let outer = Fragment::from("a = ")
            .value("1")
            .push(" and (")
            .join(inner)
            .push(")");
        let statement = outer.into_statement();
        assert_eq!(statement.text, "a = $1 and (b = $2)");
        assert_eq!(statement.binds, [Bind(Some("1".into())), Bind(Some("2".into()))]);
    }

    #[test]
    fn adjacent_values_and_wide_letters_keep_their_places() {
        let statement = Fragment::from("ä")
            .value("1")
            .value("2")
            .push("ö")
            .into_statement();
        assert_eq!(statement.text, "ä$1$2ö");
    }
}
