//! Values on the wire: text in, raw bytes out.
//!
//! A bind is sent as text and PostgreSQL decides what it is, so no type of the
//! database has to be known here. The few columns that come back have known types.

use std::error::Error;

use bytes::{BufMut as _, Bytes, BytesMut};
use seawall_pgrest::response::ResultRow;
use seawall_pgrest::sql::Bind;
use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A bind as the driver sends it.
#[derive(Debug)]
pub(super) struct Text<'bind>(pub(super) &'bind Bind);

impl ToSql for Text<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = &self.0.0 else {
            return Ok(IsNull::Yes);
        };
        out.put_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A column's bytes, whatever its type.
struct Raw<'row>(&'row [u8]);

impl<'row> FromSql<'row> for Raw<'row> {
    fn from_sql(_: &Type, raw: &'row [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The first column as text.
pub(super) fn first_text(row: &Row) -> Option<String> {
    text(row, 0)
}

/// The last column as text.
pub(super) fn last_text(row: &Row) -> Option<String> {
    text(row, row.len().checked_sub(1)?)
}

/// The row of a main statement, by position.
pub(super) fn result_row(row: &Row) -> Option<ResultRow> {
    if row.len() != ResultRow::COLUMNS.len() {
        return None;
    }
    Some(ResultRow {
        total: number(row, 0),
        page_total: number(row, 1).unwrap_or_default(),
        body: bytes(row, 2),
        response_headers: text(row, 3),
        response_status: text(row, 4),
        inserted: number(row, 5),
        location: text(row, 6),
    })
}

/// The rows of an EXPLAIN.
pub(super) fn explained(rows: &[Row]) -> ResultRow {
    let mut plan = BytesMut::new();
    for row in rows {
        if let Some(line) = raw(row, 0) {
            plan.put_slice(line);
            plan.put_u8(b'\n');
        }
    }
    ResultRow::explained(plan.freeze())
}

fn raw(row: &Row, column: usize) -> Option<&[u8]> {
    row.try_get::<_, Option<Raw<'_>>>(column)
        .ok()
        .flatten()
        .map(|raw| raw.0)
}

fn bytes(row: &Row, column: usize) -> Option<Bytes> {
    raw(row, column).map(Bytes::copy_from_slice)
}

fn text(row: &Row, column: usize) -> Option<String> {
    raw(row, column).map(|raw| String::from_utf8_lossy(raw).into_owned())
}

fn number(row: &Row, column: usize) -> Option<i64> {
    raw(row, column)?.try_into().ok().map(i64::from_be_bytes)
}
