//! The `select` parameter: which columns, which related rows, under which names.

use super::field::Field;

/// One item of a select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// `*`: every column.
    Star,
    /// `alias:count()::cast`: how many rows.
    Count {
        /// Name in the answer; `count` when unsaid.
        alias: Option<String>,
        /// Type the count is cast to.
        cast: Option<String>,
    },
    /// `alias:field::cast.sum()::cast`.
    Column(SelectColumn),
    /// `alias:relation!hint!inner(…)`: related rows under one key.
    Embed(SelectEmbed),
    /// `...relation!hint(…)`: related columns lifted into this row. Never has an alias.
    Spread(SelectEmbed),
}

/// A column in a select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectColumn {
    /// The column and its JSON path.
    pub field: Field,
    /// Name in the answer.
    pub alias: Option<String>,
    /// Type the value is cast to before aggregation.
    pub cast: Option<String>,
    /// Aggregate over the value.
    pub aggregate: Option<Aggregate>,
    /// Type the aggregate is cast to; only with [`aggregate`](Self::aggregate).
    pub aggregate_cast: Option<String>,
}

/// A related resource in a select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectEmbed {
    /// Target relation, foreign-key column or constraint, as written.
    pub relation: String,
    /// Key in the answer; the relation's name when unsaid.
    pub alias: Option<String>,
    /// Which relationship, where several would do: constraint, column or junction.
    pub hint: Option<String>,
    /// `!inner` or `!left` where said; left otherwise.
    pub join: Option<Join>,
    /// What to select of the related rows; may be empty.
    pub select: Vec<SelectItem>,
}

impl SelectColumn {
    /// The column as it is, under its own name.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self {
            field: Field::column(name),
            alias: None,
            cast: None,
            aggregate: None,
            aggregate_cast: None,
        }
    }
}

impl SelectEmbed {
    /// The name that filters, orders and ranges use to reach this embed.
    #[must_use]
    pub fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.relation)
    }
}

/// Whether a parent row without related rows stays in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// `!inner`: it goes.
    Inner,
    /// `!left`: it stays.
    Left,
}

/// The aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// `sum()`
    Sum,
    /// `avg()`
    Avg,
    /// `count()` of a column
    Count,
    /// `max()`
    Max,
    /// `min()`
    Min,
}

impl Aggregate {
    /// The function's name, in the URL, in SQL and as default key of the answer.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}
