//! What a batch's answer means for each of its reads.

use super::super::rows::{self, Rows};
use super::super::text;
use super::candidate::Candidate;
use super::value;

/// What becomes of a batch's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each read has its part.
    Split,
    /// It says nothing about any of the values: every read would have got it.
    Share,
    /// It may be about one of the values, or its rows could not be told apart: each is asked alone.
    Apart,
}

/// One read's part of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) body: Vec<u8>,
    rows: usize,
}

impl Part {
    /// The `Content-Range` it would have had alone.
    pub(super) fn range(&self, is_counted: bool) -> String {
        let total = if is_counted {
            self.rows.to_string()
        } else {
            "*".to_owned()
        };
        match self.rows.checked_sub(1) {
            None => format!("*/{total}"),
            Some(last) => format!("0-{last}/{total}"),
        }
    }
}

/// What an answer's status alone says.
pub(super) fn verdict(status: u16) -> Verdict {
    match status {
        200 => Verdict::Split,
        401 | 404 | 429 | 502..=504 => Verdict::Share,
        _ => Verdict::Apart,
    }
}

/// Each read's part; `None` in a read's place where it must be asked alone, and for all where rows are in doubt.
pub(super) fn parts(
    chosen: &Candidate,
    values: &[String],
    is_object: bool,
    range: Option<&str>,
    body: &[u8],
) -> Option<Vec<Option<Part>>> {
    let rows = Rows::find(body)?;
    if total(range?)? != rows.len() {
        return None;
    }
    let separator = rows.separator()?;
    let mut shares: Vec<Share<'_>> = Vec::new();
    for value in values {
        if !shares.iter().any(|share| share.value == value) {
            shares.push(Share {
                value,
                rows: Vec::new(),
            });
        }
    }
    for row in rows.iter() {
        let members = rows::members(row)?;
        let written = rows::only(&members, &chosen.shown)?;
        let share = shares
            .iter_mut()
            .find(|share| value::is_shown(share.value, written))?;
        share.rows.push(match chosen.is_added {
            true => rows::without(row, &members, &chosen.shown)?,
            false => row.to_vec(),
        });
    }
    let part = |value: &String| {
        let share = shares.iter().find(|share| share.value == value)?;
        share.part(is_object, separator)
    };
    Some(values.iter().map(part).collect())
}

/// The rows of one value.
struct Share<'a> {
    value: &'a str,
    rows: Vec<Vec<u8>>,
}

impl Share<'_> {
    /// A missing or second object is an error whose words are the server's own: it is asked alone.
    fn part(&self, is_object: bool, separator: &[u8]) -> Option<Part> {
        let count = self.rows.len();
        let body = match (is_object, self.rows.as_slice()) {
            (false, all) => rows::list(all.iter().map(Vec::as_slice), separator),
            (true, [one]) => one.clone(),
            (true, _) => return None,
        };
        Some(Part { body, rows: count })
    }
}

/// The count in a `Content-Range`, `0-4/5`.
fn total(range: &str) -> Option<usize> {
    text::number(text::cut(range, b'/').1?)
}
