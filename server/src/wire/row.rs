//! A row as it came: columns by position, bytes shared with the buffer they were read into.

use std::ops::Range;

use bytes::Bytes;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::DataRowBody;

use super::WireError;

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    bytes: Bytes,
    columns: Vec<Option<Range<usize>>>,
    /// The last column, where it was read apart from the others.
    last: Option<Bytes>,
}

impl Row {
    pub(super) fn read(body: &DataRowBody) -> Result<Self, WireError> {
        Ok(Self {
            columns: body.ranges().collect()?,
            bytes: body.buffer_bytes().clone(),
            last: None,
        })
    }

    /// A row whose last column is read apart, and empty until then.
    pub(super) fn before_last(bytes: Bytes, columns: Vec<Option<Range<usize>>>) -> Self {
        Self {
            bytes,
            columns,
            last: Some(Bytes::new()),
        }
    }

    /// Puts the last column where it belongs.
    pub(super) fn complete(&mut self, last: Bytes) {
        self.last = Some(last);
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.columns.len() + usize::from(self.last.is_some())
    }

    /// A column's bytes; nothing for NULL, and for a column that is not there.
    pub(crate) fn bytes(&self, column: usize) -> Option<Bytes> {
        if column == self.columns.len() {
            return self.last.clone();
        }
        let range = self.columns.get(column)?.clone()?;
        (range.end <= self.bytes.len()).then(|| self.bytes.slice(range))
    }

    /// A column as text.
    pub(crate) fn text(&self, column: usize) -> Option<String> {
        self.bytes(column)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A column of eight bytes as a number.
    pub(crate) fn number(&self, column: usize) -> Option<i64> {
        let bytes = self.bytes(column)?;
        bytes.as_ref().try_into().ok().map(i64::from_be_bytes)
    }
}
