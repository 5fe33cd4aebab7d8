//! Names of database objects, and the only place where names and literals are quoted.
//!
//! A name reaches SQL text through [`quote`] or [`Qualified::sql`], a catalogue literal through
//! [`literal`], a user's cast through [`type_name`]. Values of requests never come here: they are binds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name with its schema; an empty schema leaves the resolution to the search path.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Qualified {
    /// Schema, or empty.
    pub schema: String,
    /// Name of the object inside its schema.
    pub name: String,
}

/// Two pairs of them and a dot.
const ROOM_FOR_QUOTES: usize = 5;

impl Qualified {
    /// Joins a schema and a name.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// A name without a schema, such as an alias.
    pub fn bare(name: impl Into<String>) -> Self {
        Self::new("", name)
    }

    /// Parses `schema.name` or `name` as configuration writes them, unquoted.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split_once('.')
            .map_or_else(|| Self::bare(text), |(schema, name)| Self::new(schema, name))
    }

    /// The quoted form for SQL text.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut out = String::with_capacity(self.schema.len() + self.name.len() + ROOM_FOR_QUOTES);
        if !self.schema.is_empty() {
            quote_onto(&mut out, &self.schema);
            out.push('.');
        }
        quote_onto(&mut out, &self.name);
        out
    }
}

impl fmt::Display for Qualified {
    /// The unquoted form for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

/// Quotes an identifier; a NUL, which PostgreSQL cannot hold, ends it.
#[must_use]
pub fn quote(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    quote_onto(&mut out, name);
    out
}

/// Quotes an identifier as [`quote`] does, behind what is there.
pub(crate) fn quote_onto(out: &mut String, name: &str) {
    out.push('"');
    for (at, piece) in before_nul(name).split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(piece);
    }
    out.push('"');
}

/// Quotes a list of identifiers, separated by commas, as `search_path` wants it.
#[must_use]
pub fn quote_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// Quotes a literal that came from the catalogue; right under any `standard_conforming_strings`.
#[must_use]
pub fn literal(text: &str) -> String {
    let text = before_nul(text).replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\"))
    } else {
        format!("'{text}'")
    }
}

/// Renders the type of a `::cast`.
///
/// A plain name stays unquoted, since `int` or `double precision` are grammar and not names; anything with
/// another character becomes a quoted identifier, so it can only ever name a type.
#[must_use]
pub fn type_name(cast: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | '.');
    let stem = cast.strip_suffix("[]").unwrap_or(cast);
    let starts_well = stem.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts_well && stem.chars().all(plain) {
        cast.to_owned()
    } else {
        quote(cast)
    }
}

/// Writes values as one PostgreSQL array literal, to be bound as a single parameter.
#[must_use]
pub fn array_literal<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::from("{");
    for (idx, value) in values.into_iter().enumerate() {
        if idx > 0 {
            out.push(',');
        }
        out.push('"');
        for c in before_nul(value).chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
    }
    out.push('}');
    out
}

fn before_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_inside_a_name_is_doubled() {
        assert_eq!(quote(r#"a"; drop table x; --"#), r#""a""; drop table x; --""#);
    }

    #[test]
    fn a_nul_ends_a_name() {
        assert_eq!(quote("a\0b"), r#""a""#);
    }

    #[test]
    fn a_backslash_makes_an_escape_string() {
        assert_eq!(literal(r"it's \ here"), r"E'it''s \\ here'");
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn a_cast_that_is_not_a_plain_type_can_only_be_a_name() {
        assert_eq!(type_name("double precision"), "double precision");
        assert_eq!(type_name("int[]"), "int[]");
        assert_eq!(type_name("int); drop"), r#""int); drop""#);
        assert_eq!(type_name(""), r#""""#);
    }

    #[test]
    fn array_elements_are_escaped() {
        assert_eq!(
            array_literal(["a", r#"b"c"#, r"d\e", ""]),
            r#"{"a","b\"c","d\\e",""}"#
        );
    }
}
