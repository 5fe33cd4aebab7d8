//! The `Prefer` header.

use http::{HeaderMap, HeaderName};

/// Name of the header.
pub const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the caller would like, as far as it was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// What an insert does with rows that exist.
    pub resolution: Option<Resolution>,
    /// What a write returns.
    pub representation: Option<Representation>,
    /// How the total is counted.
    pub count: Option<Count>,
    /// How the transaction ends; `None` unless the configuration lets callers choose.
    pub tx: Option<TxEnd>,
    /// What a missing key in a body means.
    pub missing: Option<Missing>,
    /// What an unknown preference means.
    pub handling: Option<Handling>,
    /// Time zone of the transaction. Whether PostgreSQL knows it is for the plan to check.
    pub timezone: Option<String>,
    /// Most rows a write may touch; binding only with strict handling.
    pub max_affected: Option<i64>,
    /// Preferences nobody understood, as sent, in order.
    pub invalid: Vec<String>,
}

/// `resolution=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Update the row that is there.
    MergeDuplicates,
    /// Leave the row that is there.
    IgnoreDuplicates,
}

/// `return=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Representation {
    /// `representation`: the rows.
    Full,
    /// `headers-only`: where an inserted row is.
    HeadersOnly,
    /// `minimal`: nothing.
    Minimal,
}

/// `count=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Counted.
    Exact,
    /// The planner's guess.
    Planned,
    /// Counted up to the row limit, then guessed.
    Estimated,
}

/// `tx=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxEnd {
    /// Keep the changes.
    Commit,
    /// Undo them.
    Rollback,
}

/// `missing=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The column's default.
    Default,
    /// Null.
    Null,
}

/// `handling=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Unknown preferences are an error, and `max-affected` binds.
    Strict,
    /// Unknown preferences are ignored.
    Lenient,
}

impl Preferences {
    /// Reads every `Prefer` header, in order. Of a preference stated twice, the first statement counts.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, tx_override: bool) -> Self {
        let mut preferences = Self::default();
        for header in headers.get_all(PREFER) {
            for token in header.as_bytes().split(|&byte| byte == b',') {
                preferences.state(String::from_utf8_lossy(token).trim());
            }
        }
        if !tx_override {
            preferences.tx = None;
        }
        preferences
    }

    fn state(&mut self, token: &str) {
        let known = choose(&mut self.resolution, Resolution::ALL, Resolution::token, token)
            || choose(
                &mut self.representation,
                Representation::ALL,
                Representation::token,
                token,
            )
            || choose(&mut self.count, Count::ALL, Count::token, token)
            || choose(&mut self.tx, TxEnd::ALL, TxEnd::token, token)
            || choose(&mut self.missing, Missing::ALL, Missing::token, token)
            || choose(&mut self.handling, Handling::ALL, Handling::token, token)
            || self.state_value(token);
        if !known {
            self.invalid.push(token.to_owned());
        }
    }

    fn state_value(&mut self, token: &str) -> bool {
        if let Some(zone) = token.strip_prefix("timezone=") {
            self.timezone.get_or_insert_with(|| zone.to_owned());
            return true;
        }
        match token.strip_prefix("max-affected=") {
            Some(number) => {
                self.max_affected = self.max_affected.or_else(|| number.parse().ok());
                true
            }
            None => false,
        }
    }

    /// Whether rows are really counted.
    #[must_use]
    pub fn counts_rows(&self) -> bool {
        matches!(self.count, Some(Count::Exact | Count::Estimated))
    }

    /// Whether the planner is asked for its guess.
    #[must_use]
    pub fn explains_count(&self) -> bool {
        matches!(self.count, Some(Count::Planned | Count::Estimated))
    }

    /// The row cap that binds: sent, and with strict handling.
    #[must_use]
    pub fn binding_max_affected(&self) -> Option<i64> {
        self.max_affected
            .filter(|_| self.handling == Some(Handling::Strict))
    }
}

impl Resolution {
    const ALL: &'static [Self] = &[Self::MergeDuplicates, Self::IgnoreDuplicates];

    /// As it is written in the header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::MergeDuplicates => "resolution=merge-duplicates",
            Self::IgnoreDuplicates => "resolution=ignore-duplicates",
        }
    }
}

impl Representation {
    const ALL: &'static [Self] = &[Self::Full, Self::HeadersOnly, Self::Minimal];

    /// As it is written in the header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Full => "return=representation",
            Self::HeadersOnly => "return=headers-only",
            Self::Minimal => "return=minimal",
        }
    }
}

impl Count {
    const ALL: &'static [Self] = &[Self::Exact, Self::Planned, Self::Estimated];

    /// As it is written in the header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Exact => "count=exact",
            Self::Planned => "count=planned",
            Self::Estimated => "count=estimated",
        }
    }
}

impl TxEnd {
    const ALL: &'static [Self] = &[Self::Commit, Self::Rollback];

    /// As it is written in the header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Commit => "tx=commit",
            Self::Rollback => "tx=rollback",
        }
    }
}

impl Missing {
    const ALL: &'static [Self] = &[Self::Default, Self::Null];

    /// As it is written in the header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Default => "missing=default",
            Self::Null => "missing=null",
        }
    }
}

impl Handling {
    const ALL: &'static [Self] = &[Self::Strict, Self::Lenient];

    /// As it is written in the header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Strict => "handling=strict",
            Self::Lenient => "handling=lenient",
        }
    }
}

/// Takes a token if it is one of a kind, unless one of that kind was taken already.
fn choose<T: Copy>(
    slot: &mut Option<T>,
    all: &[T],
    token_of: impl Fn(T) -> &'static str,
    token: &str,
) -> bool {
    match all.iter().find(|&&candidate| token_of(candidate) == token) {
        Some(&chosen) => {
            slot.get_or_insert(chosen);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Preferences {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, http::HeaderValue::from_static(value));
        }
        Preferences::from_headers(&headers, true)
    }

    #[test]
    fn several_preferences_share_a_header() {
        let read = read(&[
            "resolution=ignore-duplicates, count=exact, timezone=America/Los_Angeles, max-affected=100",
        ]);
        let expected = Preferences {
            resolution: Some(Resolution::IgnoreDuplicates),
            count: Some(Count::Exact),
            timezone: Some("America/Los_Angeles".to_owned()),
            max_affected: Some(100),
            ..Preferences::default()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn the_first_statement_counts() {
        let read = read(&[
            "tx=commit, tx=rollback",
            "return=minimal",
            "return=representation",
        ]);
        assert_eq!(read.tx, Some(TxEnd::Commit));
        assert_eq!(read.representation, Some(Representation::Minimal));
    }

    #[test]
    fn unknown_preferences_are_kept_in_order() {
        let read = read(&["handling=lenient,invalid", "else ,max-affected=x"]);
        assert_eq!(read.invalid, ["invalid", "else"]);
        assert_eq!(read.max_affected, None);
    }

    #[test]
    fn the_end_of_the_transaction_is_the_servers_choice_unless_it_lets_go() {
        let mut headers = HeaderMap::new();
        headers.append(PREFER, http::HeaderValue::from_static("tx=rollback"));
        let read = Preferences::from_headers(&headers, false);
        assert_eq!(read, Preferences::default());
    }

    #[test]
    fn max_affected_binds_with_strict_handling_only() {
        assert_eq!(read(&["max-affected=3"]).binding_max_affected(), None);
        assert_eq!(
            read(&["handling=strict, max-affected=3"]).binding_max_affected(),
            Some(3)
        );
    }
}
