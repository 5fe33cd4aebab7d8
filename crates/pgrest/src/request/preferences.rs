//! The `Prefer` header.

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
