//! The account of a failure: where it was, what was found there, and what would have been accepted.

/// What is known of a place in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) position: usize,
    pub(super) found: Option<Found>,
    pub(super) unexpected: Option<String>,
    pub(super) expected: Vec<Expected>,
}

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A character.
    Char(char),
    /// The end of the text.
    End,
}

/// Something a parser would have accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A construct, by its name.
    Construct(&'static str),
    /// A literal text, shown in quotes.
    Literal(&'static str),
}

impl Account {
    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_none() && self.unexpected.is_none() && self.expected.is_empty()
    }

    /// Puts one name in the place of everything expected.
    pub(super) fn rename(&mut self, name: &'static str) {
        self.expected = vec![Expected::Construct(name)];
    }

    /// The farther account; both, where they are about the same place.
    pub(super) fn merge(mut self, other: Self) -> Self {
        if other.is_empty() {
            return self;
        }
        if self.is_empty() || self.position < other.position {
            return other;
        }
        if self.position == other.position {
            self.found = self.found.or(other.found);
            self.unexpected = self.unexpected.or(other.unexpected);
            self.expected.extend(other.expected);
        }
        self
    }

    /// In one line.
    pub(super) fn describe(&self) -> String {
        let unexpected = match (&self.unexpected, self.found) {
            (Some(shown), _) => Some(format!("unexpected {shown}")),
            (None, Some(Found::Char(c))) => Some(format!("unexpected {:?}", c.to_string())),
            (None, Some(Found::End)) => Some("unexpected end of input".to_owned()),
            (None, None) => None,
        };
        let expected = self.expectations();
        match (unexpected, expected.is_empty()) {
            (Some(unexpected), true) => unexpected,
            (Some(unexpected), false) => format!("{unexpected} expecting {expected}"),
            (None, false) => format!("expecting {expected}"),
            (None, true) => "unknown parse error".to_owned(),
        }
    }

    fn expectations(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for expected in &self.expected {
            let name = expected.to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        match names.split_last() {
            None => String::new(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Construct(name) => f.write_str(name),
            Self::Literal(text) => write!(f, "{text:?}"),
        }
    }
}
