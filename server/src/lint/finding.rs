//! What a rule found, and how bad it is.

use std::fmt;

use seawall_pgrest::ident::{Qualified, quote};
use serde::{Serialize, Serializer};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Slow, or a trap for later.
    Warning,
    /// Somebody may see or change what they should not.
    Error,
    /// Row-level security protects nothing here; production refuses to start.
    Critical,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }

    /// The severity of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// An object of the database, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    kind: &'static str,
    schema: String,
    name: String,
    /// A policy, column or index inside it.
    part: Option<(&'static str, String)>,
}

impl Object {
    /// Something in a schema.
    pub(super) fn new(kind: &'static str, schema: &str, name: &str) -> Self {
        Self {
            kind,
            schema: schema.to_owned(),
            name: name.to_owned(),
            part: None,
        }
    }

    /// Something in no schema: a role, a schema.
    pub(super) fn global(kind: &'static str, name: &str) -> Self {
        Self::new(kind, "", name)
    }

    /// A part of the object.
    pub(super) fn part(mut self, kind: &'static str, name: &str) -> Self {
        self.part = Some((kind, name.to_owned()));
        self
    }

    /// Its name as configuration writes it, `public.messages` or `public.messages.author_id`.
    #[must_use]
    pub fn name(&self) -> String {
        let whole = Qualified::new(self.schema.as_str(), self.name.as_str()).to_string();
        match &self.part {
            Some((_, part)) => format!("{whole}.{part}"),
            None => whole,
        }
    }

    /// The schema it is in; a schema is in itself, and a role in none.
    pub(super) fn schema(&self) -> &str {
        if self.kind == "schema" {
            &self.name
        } else {
            &self.schema
        }
    }

    /// The name of what it is a part of, or its own.
    #[must_use]
    pub fn owner(&self) -> String {
        Qualified::new(self.schema.as_str(), self.name.as_str()).to_string()
    }

    /// Where it is, as a path: `public/table/messages/policy/messages_read`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut parts = vec![self.kind, self.name.as_str()];
        if !self.schema.is_empty() {
            parts.insert(0, self.schema.as_str());
        }
        if let Some((kind, name)) = &self.part {
            parts.extend([*kind, name.as_str()]);
        }
        let escaped: Vec<String> = parts.iter().map(|part| part.replace('/', "%2F")).collect();
        escaped.join("/")
    }
}

impl fmt::Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((kind, name)) = &self.part {
            write!(formatter, "{kind} {name} of ")?;
        }
        write!(formatter, "{} {}", self.kind, self.owner())
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.path())
    }
}

/// Something a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// The rule's severity.
    pub severity: Severity,
    /// What it is about.
    pub object: Object,
    /// What is the matter with it, in one sentence.
    pub message: String,
    /// SQL that would mend it; what only a person can decide is left as a comment.
    pub fix: String,
    /// Why it is let pass, if it is.
    pub allowed: Option<String>,
}

/// What a rule says before its name and severity are put to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) object: Object,
    pub(super) message: String,
    pub(super) fix: String,
}

impl Remark {
    pub(super) fn new(object: Object, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            object,
            message: message.into(),
            fix: fix.into(),
        }
    }
}

/// A schema's object, quoted for a fix.
pub(super) fn sql(schema: &str, name: &str) -> String {
    Qualified::new(schema, name).sql()
}

/// Roles or columns, quoted for a fix.
pub(super) fn sql_list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| match name.as_ref() {
            "public" => "public".to_owned(),
            other => quote(other),
        })
        .collect();
    quoted.join(", ")
}

/// Names for people.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_a_path_and_a_name() {
        let policy = Object::new("table", "public", "a/b").part("policy", "read");
        assert_eq!(policy.path(), "public/table/a%2Fb/policy/read");
        assert_eq!(policy.name(), "public.a/b.read");
        assert_eq!(policy.to_string(), "policy read of table public.a/b");
        assert_eq!(Object::global("role", "anon").path(), "role/anon");
    }

    #[test]
    fn severities_are_ordered() {
        assert!(Severity::Critical > Severity::Error && Severity::Warning > Severity::Info);
        assert_eq!(Severity::parse("warning"), Some(Severity::Warning));
        assert_eq!(Severity::parse("bad"), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(sql_list(&["public", "an on"]), "public, \"an on\"");
    }
}
