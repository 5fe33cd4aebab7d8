//! Requests whose `in` list is too long for a URL, sent in parts and put together again.
//!
//! Each row answers one value of the list, so the parts' rows together are the whole's. Values that a column may hold
//! for equal stay in one part, so no row comes twice. The order asked for is kept where it can be known
//! without the database: numbers, booleans, UUIDs, days and instants. Text sorts by the database's collation, so rows
//! ordered by text are not put together here, and neither is what limits, aggregates or counts roughly: such a
//! request is sent as it is, and the server says what it makes of its length.

mod order;
mod parts;

use super::query::Query;
use super::rows::{self, Rows};
use super::text;
use order::Order;

/// A request whose URL is too long.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Its method.
    pub method: &'a str,
    /// Where it goes.
    pub url: &'a str,
    /// Its `Accept`.
    pub accept: Option<&'a str>,
    /// Its `Prefer`.
    pub prefer: Option<&'a str>,
    /// Whether it asks for a page by `Range`.
    pub has_range: bool,
    /// Whether its caller says that twice is the same as once: only then is a write sent in parts, which could end
    /// half done.
    pub is_marked: bool,
}

/// A request in parts.
#[derive(Clone, Debug)]
pub struct Split {
    /// The parts' URLs.
    pub urls: Vec<String>,
    order: Order,
    has_body: bool,
    is_counted: bool,
    is_write: bool,
}

/// What the parts came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// All rows, in order.
    pub body: Vec<u8>,
    /// The `Content-Range` of the whole; `None` where the parts' could not be read.
    pub range: Option<String>,
}

/// One part's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its body.
    pub body: Vec<u8>,
    /// Its `Content-Range`.
    pub range: Option<String>,
}

impl Split {
    /// Takes a request apart into URLs of at most `max_url` characters; `None` where it must be sent as it is.
    #[must_use]
    pub fn plan(ask: &Ask<'_>, max_url: usize) -> Option<Self> {
        let is_read = matches!(ask.method, "GET" | "HEAD");
        let is_write = ask.is_marked && matches!(ask.method, "PATCH" | "DELETE");
        if ask.has_range
            || !is_read && !is_write
            || !matches!(ask.accept, None | Some("application/json" | "*/*"))
        {
            return None;
        }
        let is_counted = ask.prefer == Some("count=exact");
        let prefers = ask.prefer.unwrap_or_default();
        let is_plain = prefers.is_empty() || is_read && is_counted;
        let returns = is_write && matches!(prefers, "return=minimal" | "return=representation");
        if !is_plain && !returns {
            return None;
        }
        let query = Query::parse(ask.url)?;
        if query.has("limit") || query.has("offset") {
            return None;
        }
        Some(Self {
            order: Order::of(&query)?,
            urls: parts::urls(&query, max_url)?,
            has_body: ask.method == "GET" || is_write && prefers == "return=representation",
            is_counted,
            is_write,
        })
    }

    /// Whether the parts are sent one after the other.
    #[must_use]
    pub const fn is_in_turn(&self) -> bool {
        self.is_write
    }

    /// Puts the parts' answers together; `None` where their rows cannot be brought into the order asked for.
    #[must_use]
    pub fn whole(&self, answers: &[Answer]) -> Option<Whole> {
        if !self.has_body {
            let count = answers.iter().map(|answer| span(answer.range.as_deref()?)).sum();
            return Some(Whole {
                body: Vec::new(),
                range: self.range(answers, count),
            });
        }
        let found = answers
            .iter()
            .map(|answer| Rows::find(&answer.body))
            .collect::<Option<Vec<_>>>()?;
        let separator = found
            .iter()
            .find(|rows| rows.len() > 1)
            .map_or(Some(b",".as_slice()), Rows::separator)?;
        let parts: Vec<Vec<&[u8]>> = found.iter().map(|rows| rows.iter().collect()).collect();
        let all = self.order.merge(&parts)?;
        let range = self.range(answers, Some(all.len()));
        Some(Whole {
            body: rows::list(all, separator),
            range,
        })
    }

    fn range(&self, answers: &[Answer], count: Option<usize>) -> Option<String> {
        let total = |answer: &Answer| text::number(text::cut(answer.range.as_deref()?, b'/').1?);
        let total = match self.is_counted {
            true => answers.iter().map(total).sum::<Option<usize>>()?.to_string(),
            false => "*".to_owned(),
        };
        Some(
            count?
                .checked_sub(1)
                .map_or(format!("*/{total}"), |last| format!("0-{last}/{total}")),
        )
    }
}

/// How many rows a `Content-Range` spans.
fn span(range: &str) -> Option<usize> {
    let (span, _) = text::cut(range, b'/');
    if span == "*" {
        return Some(0);
    }
    let (first, last) = text::cut(span, b'-');
    text::number(last?)?
        .checked_sub(text::number(first)?)?
        .checked_add(1)
}

#[cfg(test)]
mod tests;
