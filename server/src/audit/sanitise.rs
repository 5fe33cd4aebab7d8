//! Removes what is personal or secret before anything is kept.
//!
//! Two rules, and either is enough: a value whose *name* says that it is personal or
//! secret is left out whole, and in every other text what *looks* like an address, a
//! number of a card, an account or a telephone, a token or a key is replaced. When in
//! doubt it goes: a record that says too little can be read beside the database, one
//! that says too much cannot be unsaid.
//!
//! Nothing here reads the clock, the disk or the network, and every step is bounded by
//! the length of its text.

mod form;
mod names;
mod numbers;
mod text;
mod tokens;

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use names::Names;

/// Deeper JSON is nobody's data.
const MOST_DEPTH: usize = 32;

/// Longer bodies are recorded by their size alone.
pub(crate) const MOST_BODY_BYTES: usize = 64 << 10;

/// What of a body is kept, at most.
const MOST_KEPT_BYTES: usize = 16 << 10;

pub(super) const REDACTED: &str = "[redacted]";

/// What is removed.
#[derive(Debug, Clone)]
pub(crate) struct Sanitiser {
    names: Names,
    /// Whether addresses of machines are removed as well.
    addresses: bool,
}

impl Sanitiser {
    /// The built-in rules, further names, and whether addresses of machines go too.
    pub(crate) fn new(further: &[String], addresses: bool) -> Self {
        Self {
            names: Names::new(further),
            addresses,
        }
    }

    /// A text without what looks personal or secret.
    pub(crate) fn text(&self, given: &str) -> String {
        text::clean(given, self.addresses)
    }

    /// A query string: a parameter whose name is sensitive keeps its name only.
    pub(crate) fn query(&self, given: &str) -> String {
        form::clean(self, given)
    }

    /// A path: its last part may be anything.
    pub(crate) fn path(&self, given: &str) -> String {
        self.text(&form::decode(given))
    }

    /// JSON of any shape.
    pub(crate) fn json(&self, given: Value) -> Value {
        self.value(given, 0)
    }

    /// A body by its media type; what is neither JSON, a form nor text is recorded by its size.
    pub(crate) fn body(&self, bytes: &[u8], media_type: &str) -> Value {
        if bytes.len() > MOST_BODY_BYTES {
            return json!({"bytes": bytes.len()});
        }
        let clean = if media_type.contains("json") {
            serde_json::from_slice(bytes).ok().map(|value| self.json(value))
        } else if media_type.contains("x-www-form-urlencoded") {
            std::str::from_utf8(bytes)
                .ok()
                .map(|text| Value::String(self.query(text)))
        } else if media_type.contains("csv") {
            std::str::from_utf8(bytes).ok().map(columns)
        } else {
            None
        };
        match clean {
            Some(clean) if clean.to_string().len() <= MOST_KEPT_BYTES => clean,
            Some(_) | None => json!({"bytes": bytes.len()}),
        }
    }

    fn is_sensitive(&self, name: &str) -> bool {
        self.names.are_sensitive(name)
    }

    fn value(&self, given: Value, depth: usize) -> Value {
        if depth > MOST_DEPTH {
            return REDACTED.into();
        }
        match given {
            Value::String(text) => self.string(&text, depth).into(),
            Value::Number(number) => {
                let text = number.to_string();
                let clean = self.text(&text);
                if clean == text {
                    Value::Number(number)
                } else {
                    clean.into()
                }
            }
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.value(item, depth + 1))
                .collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| {
                    let kept = if self.is_sensitive(&name) && !value.is_null() {
                        REDACTED.into()
                    } else {
                        self.value(value, depth + 1)
                    };
                    (self.text(&name), kept)
                })
                .collect(),
            Value::Null | Value::Bool(_) => given,
        }
    }

    /// A text may be JSON itself, as in logs and webhooks.
    fn string(&self, text: &str, depth: usize) -> String {
        let trimmed = text.trim_start();
        if trimmed.starts_with(['{', '['])
            && let Ok(inner) = serde_json::from_str(trimmed)
        {
            return self.value(inner, depth + 1).to_string();
        }
        self.text(text)
    }
}

/// Rows are data, and which column holds what is for the table to say: names and number only.
fn columns(text: &str) -> Value {
    let mut lines = text.lines();
    let names: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .collect();
    json!({"columns": names, "rows": lines.count()})
}
