//! What the main statement gives back: one row, whose columns the SQL stage and this one agree on.

use bytes::Bytes;

/// The single row of the main statement.
///
/// The SQL stage selects exactly these columns, in this order ([`COLUMNS`](Self::COLUMNS)), and the
/// executor hands them over by position; what a kind of request does not need is selected as null.
/// Counts are `int8`; location, headers and status are `text`; the body is `text`, or `bytea` where the
/// media type is binary, and its bytes on the wire (PostgreSQL's binary format) are the body's bytes.
/// EXPLAIN has a shape of its own: see [`ResultRow::explained`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultRow {
    /// Rows that match without `limit` and `offset`; `None` when not counted. For planned and estimated
    /// counts the executor puts the planner's number in.
    pub total: Option<i64>,
    /// Rows in this answer, or rows a write touched.
    pub page_total: i64,
    /// The body, already in the negotiated media type.
    pub body: Option<Bytes>,
    /// `response.headers` as the transaction left it; null or empty when unset.
    pub response_headers: Option<String>,
    /// `response.status` as the transaction left it; null or empty when unset.
    pub response_status: Option<String>,
    /// Inserts and upserts: how many rows were inserted rather than updated; null where that cannot be told.
    pub inserted: Option<i64>,
    /// Inserts that must say where the new row is: a JSON array of `[column, value]` pairs over the
    /// primary key, values as text or null for SQL null, such as `[["id","7"]]`.
    pub location: Option<String>,
}

impl ResultRow {
    /// Column names of the main statement's row, in order.
    pub const COLUMNS: [&'static str; 7] = [
        "total",
        "page_total",
        "response_headers",
        "response_status",
        "inserted",
        "location",
        "body",
    ];

    /// The row for an EXPLAIN: its lines joined by line feeds are the body.
    #[must_use]
    pub fn explained(plan: Bytes) -> Self {
        Self {
            body: Some(plan),
            ..Self::default()
        }
    }
}
