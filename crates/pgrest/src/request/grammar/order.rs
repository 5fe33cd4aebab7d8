//! `order`: `field.desc.nullslast,relation(field)`.

use super::{
    cursor::{Cursor, Parsed},
    name::{delimiter, field, field_name, spaced},
};
use crate::request::order::{Direction, Nulls, OrderTerm};

/// A list of terms.
pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<OrderTerm>> {
    let mut terms = vec![term(cursor)?];
    while cursor.optional(|cursor| cursor.literal(","))?.is_some() {
        terms.push(term(cursor)?);
    }
    Ok(terms)
}

fn term(cursor: &mut Cursor<'_>) -> Parsed<OrderTerm> {
    spaced(cursor, |cursor| {
        match cursor.optional(|cursor| cursor.attempt(related))? {
            Some(term) => Ok(term),
            None => own(cursor),
        }
    })
}

fn related(cursor: &mut Cursor<'_>) -> Parsed<OrderTerm> {
    let relation = field_name(cursor)?;
    cursor.literal("(")?;
    let field = field(cursor)?;
    cursor.literal(")")?;
    let (direction, nulls) = tail(cursor)?;
    Ok(OrderTerm {
        relation: Some(relation),
        field,
        direction,
        nulls,
    })
}

fn own(cursor: &mut Cursor<'_>) -> Parsed<OrderTerm> {
    let field = field(cursor)?;
    let (direction, nulls) = tail(cursor)?;
    Ok(OrderTerm {
        relation: None,
        field,
        direction,
        nulls,
    })
}

fn tail(cursor: &mut Cursor<'_>) -> Parsed<(Option<Direction>, Option<Nulls>)> {
    let direction = word(cursor, &[("asc", Direction::Asc), ("desc", Direction::Desc)])?;
    let nulls = word(
        cursor,
        &[("nullsfirst", Nulls::First), ("nullslast", Nulls::Last)],
    )?;
    if cursor.optional(|cursor| cursor.followed_by(","))?.is_none() {
        cursor.end()?;
    }
    Ok((direction, nulls))
}

fn word<T: Copy>(cursor: &mut Cursor<'_>, words: &[(&'static str, T)]) -> Parsed<Option<T>> {
    for &(word, value) in words {
        let found = cursor.optional(|cursor| {
            cursor.attempt(|cursor| {
                delimiter(cursor)?;
                cursor.literal(word)
            })
        })?;
        if found.is_some() {
            return Ok(Some(value));
        }
    }
    Ok(None)
}
