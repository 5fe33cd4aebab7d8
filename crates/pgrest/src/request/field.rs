//! A column, perhaps followed by a path into its JSON: `data->author->>name`.

/// A column name and the JSON steps after it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Column (or computed field) name, unquoted.
    pub name: String,
    /// Steps into its JSON or composite value; empty for the column itself.
    pub path: Vec<JsonStep>,
}

/// One arrow and what it points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonStep {
    /// `->` or `->>`.
    pub arrow: Arrow,
    /// The key or index.
    pub operand: JsonOperand,
}

/// Whether a step yields JSON or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrow {
    /// `->`
    Json,
    /// `->>`
    Text,
}

/// What an arrow points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JsonOperand {
    /// An object's key, unquoted.
    Key(String),
    /// An array's index: decimal digits, perhaps after a minus. Kept as text: its range is PostgreSQL's to judge.
    Index(String),
}

impl Field {
    /// The column itself, without steps.
    #[must_use]
    pub fn column(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: Vec::new(),
        }
    }
}
