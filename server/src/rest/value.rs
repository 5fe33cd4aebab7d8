//! Rows of a main statement, by the position of their columns.

use bytes::{BufMut as _, BytesMut};
use seawall_pgrest::response::ResultRow;

use crate::wire::Row;

/// The row of a main statement.
pub(super) fn result_row(row: &Row) -> Option<ResultRow> {
    if row.len() != ResultRow::COLUMNS.len() {
        return None;
    }
    Some(ResultRow {
        total: row.number(0),
        page_total: row.number(1).unwrap_or_default(),
        response_headers: row.text(2),
        response_status: row.text(3),
        inserted: row.number(4),
        location: row.text(5),
        body: row.bytes(6),
    })
}

/// The rows of an EXPLAIN.
pub(super) fn explained(rows: &[Row]) -> ResultRow {
    let mut plan = BytesMut::new();
    for line in rows.iter().filter_map(|row| row.bytes(0)) {
        plan.put_slice(&line);
        plan.put_u8(b'\n');
    }
    ResultRow::explained(plan.freeze())
}
