//! The little languages inside a query string, by recursive descent.
//!
//! PostgREST's answers to malformed input are part of its protocol: clients show them, and its own tests
//! quote them. They follow from how its parser collects what it expected at the farthest point reached,
//! so [`cursor`] keeps the same account. It is kept only when it is needed: a text is first parsed
//! without it, and parsed again with it when that fails.
//!
//! PostgREST cuts off what follows a complete select list or logic tree, and clients in use send such
//! things (one parenthesis too many, mostly), so it is cut off here too. Everywhere else it is refused.
//! Nesting is limited to [`MAX_DEPTH`], so no input can exhaust the stack.

mod account;
mod cursor;
mod filter;
mod logic;
mod name;
mod order;
mod select;

use cursor::{Cursor, Parsed};

use super::{
    field::Field,
    filter::{Filter, LogicTree, Operation},
    order::OrderTerm,
    query::EmbedPath,
    select::SelectItem,
};

/// How deep embeds, and groups of conditions, may nest.
pub const MAX_DEPTH: usize = 64;

/// Why a text of the query string is not of its language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What failed and where: `"failed to parse order (…)" (line 1, column 3)`.
    pub message: String,
    /// What was found and what was expected there.
    pub details: String,
}

/// Parses a `select` list; an empty text is an empty list.
pub fn select(text: &str) -> Result<Vec<SelectItem>, SyntaxError> {
    parsed(text, "select parameter", text, select::whole_list)
}

/// Parses `columns`.
pub fn columns(text: &str) -> Result<Vec<String>, SyntaxError> {
    whole(text, "columns parameter", text, name::list)
}

/// Parses `on_conflict`.
pub fn on_conflict(text: &str) -> Result<Vec<String>, SyntaxError> {
    whole(text, "on_conflict parameter", text, name::list)
}

/// Parses an `order` list.
pub fn order(text: &str) -> Result<Vec<OrderTerm>, SyntaxError> {
    whole(text, "order", text, order::list)
}

/// Parses a filter's value: whether it is negated, and the operator with its operand.
pub fn operation(text: &str) -> Result<(bool, Operation), SyntaxError> {
    whole(text, "filter", text, filter::operation_to_end)
}

/// Whether a text is a filter's value, for calls, where anything else is an argument.
///
/// # Errors
///
/// As PostgREST: a text that goes wrong after `in.(` or `is.` is a broken filter, not an argument.
pub fn operation_or_argument(text: &str) -> Result<Option<(bool, Operation)>, SyntaxError> {
    whole(text, "filter", text, filter::operation_or_argument)
}

/// Parses a filter's key: the embeds it walks through and the field at their end.
pub fn tree_path(text: &str) -> Result<(EmbedPath, Field), SyntaxError> {
    whole(text, "tree path", text, name::tree_path)
}

/// Parses a logic parameter from its key (`embed.not.or`) and value (`(…)`).
pub fn logic(key: &str, value: &str) -> Result<(EmbedPath, LogicTree), SyntaxError> {
    let (path, operator) = whole(key, "logic path", key, logic::path)?;
    let text = format!("{operator}{value}");
    let tree = parsed(&text, "logic tree", value, logic::group)?;
    Ok((path, tree))
}

/// A filter on a field whose value was parsed apart.
#[must_use]
pub fn filter(field: Field, (negated, operation): (bool, Operation)) -> Filter {
    Filter {
        field,
        negated,
        operation,
    }
}

/// Parses a text to its end.
fn whole<T>(
    text: &str,
    what: &str,
    shown: &str,
    parser: impl Fn(&mut Cursor<'_>) -> Parsed<T>,
) -> Result<T, SyntaxError> {
    parsed(text, what, shown, |cursor| {
        let value = parser(cursor)?;
        cursor.spaces();
        cursor.end()?;
        Ok(value)
    })
}

/// Parses what a text begins with; twice if it fails, the second time to find out why.
fn parsed<T>(
    text: &str,
    what: &str,
    shown: &str,
    parser: impl Fn(&mut Cursor<'_>) -> Parsed<T>,
) -> Result<T, SyntaxError> {
    if let Ok(value) = parser(&mut Cursor::new(text)) {
        return Ok(value);
    }
    let mut cursor = Cursor::recording(text);
    parser(&mut cursor).map_err(|_| {
        let (line, column) = cursor.failure_position();
        SyntaxError {
            message: format!("\"failed to parse {what} ({shown})\" (line {line}, column {column})"),
            details: cursor.failure_details(),
        }
    })
}
