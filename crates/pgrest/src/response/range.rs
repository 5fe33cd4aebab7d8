//! `Content-Range`, and the status that goes with it.

use http::StatusCode;

use super::row::ResultRow;
use crate::{error::ResponseError, request::ApiRequest};

/// What was found of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    offset: i64,
    rows: i64,
    total: Option<i64>,
}

impl Found {
    pub(super) fn of(request: &ApiRequest, row: &ResultRow) -> Self {
        Self {
            offset: request.range.offset,
            rows: row.page_total,
            total: row.total,
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self.total {
            Some(total) if self.offset > total => StatusCode::RANGE_NOT_SATISFIABLE,
            Some(total) if self.rows < total => StatusCode::PARTIAL_CONTENT,
            Some(_) | None => StatusCode::OK,
        }
    }

    pub(super) fn content_range(self) -> String {
        content_range(first_and_last(self.offset, self.rows), self.total)
    }

    /// The complaint that goes with 416.
    pub(super) fn out_of_bounds(self) -> Option<ResponseError> {
        let total = self.total.filter(|&total| self.offset > total)?;
        Some(ResponseError::OutOfBounds {
            lower: self.offset,
            total,
        })
    }
}

/// The numbers of the first and the last of some rows; none of none.
pub(super) fn first_and_last(offset: i64, rows: i64) -> Option<(i64, i64)> {
    (rows > 0).then(|| (offset, offset.saturating_add(rows - 1)))
}

/// The value of `Content-Range`.
pub(super) fn content_range(rows: Option<(i64, i64)>, total: Option<i64>) -> String {
    let rows = match rows {
        Some((first, last)) if total != Some(0) => format!("{first}-{last}"),
        Some(_) | None => "*".to_owned(),
    };
    let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    format!("{rows}/{total}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_range_say_what_was_found() {
        let cases = [
            (0, 15, None, 200, "0-14/*"),
            (0, 0, None, 200, "*/*"),
            (0, 15, Some(15), 200, "0-14/15"),
            (0, 5, Some(15), 206, "0-4/15"),
            (10, 5, Some(15), 206, "10-14/15"),
            (15, 0, Some(15), 206, "*/15"),
            (16, 0, Some(15), 416, "*/15"),
            (1, 0, Some(0), 416, "*/0"),
            (0, 0, Some(0), 200, "*/0"),
            (
                i64::MAX,
                5,
                None,
                200,
                "9223372036854775807-9223372036854775807/*",
            ),
        ];
        for (offset, rows, total, status, content_range) in cases {
            let found = Found { offset, rows, total };
            assert_eq!(found.status().as_u16(), status, "{found:?}");
            assert_eq!(found.content_range(), content_range, "{found:?}");
            assert_eq!(found.out_of_bounds().is_some(), status == 416, "{found:?}");
        }
    }
}
