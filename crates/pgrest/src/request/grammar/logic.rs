//! Trees of conditions: `and(a.eq.1,not.or(b.gt.2,c.is.null))`.

use super::{
    cursor::{Cursor, Parsed},
    filter::{self, not, plain_element, quoted_element},
    name::{comma, delimiter, field, field_name, spaced},
};
use crate::request::{
    filter::{Filter, LogicOperator, LogicTree},
    query::EmbedPath,
};

/// A logic parameter's key: the embeds, and the operator with its negation, as a tree begins.
pub(super) fn path(cursor: &mut Cursor<'_>) -> Parsed<(EmbedPath, String)> {
    let mut names = vec![field_name(cursor)?];
    while cursor.optional(delimiter)?.is_some() {
        names.push(field_name(cursor)?);
    }
    let operator = names.pop().unwrap_or_default();
    let embeds: EmbedPath = names.iter().filter(|name| *name != "not").cloned().collect();
    let negated = embeds.len() < names.len();
    let prefix = if negated { "not." } else { "" };
    Ok((embeds, format!("{prefix}{operator}")))
}

/// A group, which is what a logic parameter must hold.
pub(super) fn group(cursor: &mut Cursor<'_>) -> Parsed<LogicTree> {
    let negated = cursor.label("negation operator (not)", not)?;
    let operator = cursor.label("logic operator (and, or)", operator)?;
    spaced(cursor, |cursor| cursor.literal("("))?;
    let children = cursor.deeper(children)?;
    spaced(cursor, |cursor| cursor.literal(")"))?;
    Ok(LogicTree::Group {
        negated,
        operator,
        children,
    })
}

fn children(cursor: &mut Cursor<'_>) -> Parsed<Vec<LogicTree>> {
    let mut children = vec![tree(cursor)?];
    while cursor.optional(comma)?.is_some() {
        children.push(tree(cursor)?);
    }
    Ok(children)
}

fn tree(cursor: &mut Cursor<'_>) -> Parsed<LogicTree> {
    match cursor.optional(|cursor| cursor.attempt(leaf))? {
        Some(filter) => Ok(LogicTree::Filter(filter)),
        None => group(cursor),
    }
}

fn leaf(cursor: &mut Cursor<'_>) -> Parsed<Filter> {
    let field = field(cursor)?;
    delimiter(cursor)?;
    let operation = filter::operation(cursor, value)?;
    Ok(super::filter(field, operation))
}

fn operator(cursor: &mut Cursor<'_>) -> Parsed<LogicOperator> {
    let and = cursor.optional(|cursor| cursor.attempt(|cursor| cursor.literal("and")))?;
    match and {
        Some(()) => Ok(LogicOperator::And),
        None => cursor.literal("or").map(|()| LogicOperator::Or),
    }
}

/// An operand inside a tree ends at `,` or `)`, unless quoted or between the braces of an array.
fn value(cursor: &mut Cursor<'_>) -> Parsed<String> {
    if let Some(text) = cursor.optional(quoted_element)? {
        return Ok(text);
    }
    if let Some(text) = cursor.optional(|cursor| cursor.attempt(array))? {
        return Ok(text);
    }
    Ok(plain_element(cursor))
}

fn array(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.literal("{")?;
    let inner = cursor.run(&[], |c| c != '{' && c != '}');
    cursor.literal("}")?;
    Ok(format!("{{{inner}}}"))
}
