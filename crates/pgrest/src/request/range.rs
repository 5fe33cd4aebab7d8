//! Which slice of rows: `limit`, `offset` and the `Range` header as one value.

use crate::error::{RequestError, request::RangeFault};

/// Rows from `offset` on, at most `limit` of them.
///
/// Numbers beyond 64 bits saturate. In an embed a negative value is passed on, and PostgreSQL refuses
/// it; at the top level parsing has refused it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

    /// The rows of both ranges.
    #[must_use]
    pub fn meet(self, other: Self) -> Self {
        let offset = self.offset.max(other.offset);
        let end = match (self.end(), other.end()) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        Self {
            offset,
            limit: end.map(|end| end.saturating_sub(offset)),
        }
    }

    fn end(self) -> Option<i64> {
        self.limit.map(|limit| self.offset.saturating_add(limit))
    }
}

impl Default for RowRange {
    fn default() -> Self {
        Self::ALL
    }
}

/// Reads a `Range` header: `0-9` or `10-`. Anything else says nothing.
pub(super) fn from_header(value: &str) -> Result<RowRange, RequestError> {
    match value
        .split_once('-')
        .map(|(lower, upper)| (bound(lower), upper, bound(upper)))
    {
        Some((Some(offset), "", _)) => Ok(RowRange { offset, limit: None }),
        Some((Some(offset), _, Some(last))) if last < offset => {
            Err(RequestError::InvalidRange(RangeFault::LowerAboveUpper))
        }
        Some((Some(offset), _, Some(last))) => Ok(RowRange {
            offset,
            limit: Some((last - offset).saturating_add(1)),
        }),
        Some((None, _, _) | (_, _, None)) | None => Ok(RowRange::ALL),
    }
}

/// Joins what the query string says about the root with what the header says.
///
/// `limit=0` is a question for the count alone, so it survives any header.
pub(super) fn top_level(query: RowRange, header: RowRange) -> Result<RowRange, RequestError> {
    let query = RowRange {
        offset: query.offset.max(0),
        ..query
    };
    match query.limit {
        Some(limit) if limit < 0 => Err(RequestError::InvalidRange(RangeFault::NegativeLimit)),
        Some(0) => Ok(query),
        Some(_) | None => match query.meet(header) {
            RowRange {
                limit: Some(limit), ..
            } if limit <= 0 => Err(RequestError::InvalidRange(RangeFault::NegativeLimit)),
            met => Ok(met),
        },
    }
}

fn bound(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(offset: i64, limit: Option<i64>) -> RowRange {
        RowRange { offset, limit }
    }

    #[test]
    fn a_header_names_its_first_and_last_row() {
        assert_eq!(from_header("0-9"), Ok(rows(0, Some(10))));
        assert_eq!(from_header("5-5"), Ok(rows(5, Some(1))));
        assert_eq!(from_header("10-"), Ok(rows(10, None)));
    }

    #[test]
    fn a_header_of_another_form_says_nothing() {
        for text in ["", "-", "-5", "a-b", "0-9,20-29", "bytes=0-9", "0 - 9", "1-2-3"] {
            assert_eq!(from_header(text), Ok(RowRange::ALL), "{text}");
        }
    }

    #[test]
    fn a_header_turned_round_is_refused() {
        let fault = RequestError::InvalidRange(RangeFault::LowerAboveUpper);
        assert_eq!(from_header("9-0"), Err(fault));
    }

    #[test]
    fn huge_numbers_saturate() {
        let huge = "9".repeat(40);
        assert_eq!(from_header(&format!("{huge}-")), Ok(rows(i64::MAX, None)));
        assert_eq!(from_header(&format!("0-{huge}")), Ok(rows(0, Some(i64::MAX))));
    }

    #[test]
    fn header_and_query_meet() {
        assert_eq!(
            top_level(rows(0, Some(5)), rows(2, Some(100))),
            Ok(rows(2, Some(3)))
        );
        assert_eq!(top_level(rows(3, None), rows(0, Some(10))), Ok(rows(3, Some(7))));
    }

    #[test]
    fn ranges_that_do_not_meet_are_refused() {
        let fault = RequestError::InvalidRange(RangeFault::NegativeLimit);
        assert_eq!(top_level(rows(0, Some(5)), rows(10, Some(5))), Err(fault));
    }

    #[test]
    fn a_limit_of_zero_is_a_question_for_the_count() {
        assert_eq!(top_level(rows(0, Some(0)), RowRange::ALL), Ok(rows(0, Some(0))));
        assert_eq!(
            top_level(rows(0, Some(0)), rows(3, Some(2))),
            Ok(rows(0, Some(0)))
        );
    }

    #[test]
    fn a_negative_limit_is_refused() {
        let fault = RequestError::InvalidRange(RangeFault::NegativeLimit);
        assert_eq!(top_level(rows(0, Some(-1)), RowRange::ALL), Err(fault));
    }
}
