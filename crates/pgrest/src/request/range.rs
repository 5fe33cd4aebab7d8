//! Which slice of rows: `limit`, `offset` and the `Range` header as one value.

/// Rows from `offset` on, at most `limit` of them.
///
/// Numbers beyond 64 bits saturate. In an embed a negative value is passed on, and PostgreSQL refuses
/// it; at the top level parsing has refused it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// Rows to skip.
    pub offset: i64,
    /// Rows to return at most; `None` for all.
    pub limit: Option<i64>,
}

impl RowRange {
    /// Every row.
    pub const ALL: Self = Self {
        offset: 0,
        limit: None,
    };

    /// Whether this is [`ALL`](Self::ALL).
    #[must_use]
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }
}

impl Default for RowRange {
    fn default() -> Self {
        Self::ALL
    }
}
