//! A filter's value: `not.operator(modifier).operand`.

use super::{
    cursor::{Cursor, Parsed},
    name::{delimiter, identifier, quoted, spaced},
};
use crate::request::filter::{
    BinaryOperator, FullTextOperator, IsValue, Operation, QuantOperator, Quantifier,
};

type Value = fn(&mut Cursor<'_>) -> Parsed<String>;

/// A whole filter value: its operand is all that is left.
pub(super) fn operation_to_end(cursor: &mut Cursor<'_>) -> Parsed<(bool, Operation)> {
    operation(cursor, rest)
}

/// A whole filter value, or anything else.
pub(super) fn operation_or_argument(cursor: &mut Cursor<'_>) -> Parsed<Option<(bool, Operation)>> {
    let operation = cursor.optional(operation_to_end)?;
    if operation.is_none() {
        cursor.take_rest();
    }
    Ok(operation)
}

/// A filter value whose operand is read by `value`.
pub(super) fn operation(cursor: &mut Cursor<'_>, value: Value) -> Parsed<(bool, Operation)> {
    let negated = not(cursor)?;
    let operation = cursor.label("operator (eq, gt, ...)", |cursor| operator(cursor, value))?;
    Ok((negated, operation))
}

/// `not.`, where it is there.
pub(super) fn not(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let found = cursor.optional(|cursor| prefixed(cursor, "not"))?;
    Ok(found.is_some())
}

/// A double-quoted text followed by nothing but `,` or `)`.
pub(super) fn quoted_element(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.attempt(|cursor| {
        let text = quoted(cursor)?;
        cursor.not_followed_by(&[], |c| c != ',' && c != ')')?;
        Ok(text)
    })
}

/// Anything up to `,` or `)`.
pub(super) fn plain_element(cursor: &mut Cursor<'_>) -> String {
    cursor.run(&[], |c| c != ',' && c != ')').to_owned()
}

fn rest(cursor: &mut Cursor<'_>) -> Parsed<String> {
    Ok(cursor.take_rest().to_owned())
}

fn operator(cursor: &mut Cursor<'_>, value: Value) -> Parsed<Operation> {
    if cursor.optional(|cursor| prefixed(cursor, "in"))?.is_some() {
        return list(cursor).map(Operation::In);
    }
    if cursor.optional(|cursor| prefixed(cursor, "is"))?.is_some() {
        return is_value(cursor).map(Operation::Is);
    }
    if cursor
        .optional(|cursor| prefixed(cursor, "isdistinct"))?
        .is_some()
    {
        return value(cursor).map(Operation::IsDistinct);
    }
    if let Some(operation) = cursor.optional(|cursor| cursor.attempt(|cursor| full_text(cursor, value)))? {
        return Ok(operation);
    }
    if let Some(operation) = cursor.optional(|cursor| cursor.attempt(|cursor| binary(cursor, value)))? {
        return Ok(operation);
    }
    cursor.attempt(|cursor| quantified(cursor, value))
}

/// A word and the dot behind it, or nothing.
fn prefixed(cursor: &mut Cursor<'_>, word: &'static str) -> Parsed<()> {
    cursor.attempt(|cursor| {
        cursor.literal(word)?;
        delimiter(cursor)
    })
}

fn binary(cursor: &mut Cursor<'_>, value: Value) -> Parsed<Operation> {
    use BinaryOperator::{
        Adjacent, ContainedIn, Contains, NotEqual, NotExtendsLeft, NotExtendsRight, Overlaps, StrictlyLeft,
        StrictlyRight,
    };
    let operators = [
        NotEqual,
        Contains,
        ContainedIn,
        Overlaps,
        StrictlyLeft,
        StrictlyRight,
        NotExtendsRight,
        NotExtendsLeft,
        Adjacent,
    ];
    let operator = one_of(cursor, &operators, BinaryOperator::name)?;
    delimiter(cursor)?;
    let value = value(cursor)?;
    Ok(Operation::Binary { operator, value })
}

fn quantified(cursor: &mut Cursor<'_>, value: Value) -> Parsed<Operation> {
    use QuantOperator::{Equal, Greater, GreaterEqual, ILike, IMatch, Less, LessEqual, Like, Match};
    let operators = [
        Equal,
        GreaterEqual,
        Greater,
        LessEqual,
        Less,
        Like,
        ILike,
        Match,
        IMatch,
    ];
    let operator = one_of(cursor, &operators, QuantOperator::name)?;
    let quantifier = cursor.optional(|cursor| cursor.attempt(quantifier))?;
    delimiter(cursor)?;
    let value = value(cursor)?;
    Ok(Operation::Quant {
        operator,
        quantifier,
        value,
    })
}

fn quantifier(cursor: &mut Cursor<'_>) -> Parsed<Quantifier> {
    cursor.literal("(")?;
    let any = cursor.optional(|cursor| cursor.attempt(|cursor| cursor.literal("any")))?;
    let quantifier = match any {
        Some(()) => Quantifier::Any,
        None => cursor.literal("all").map(|()| Quantifier::All)?,
    };
    cursor.literal(")")?;
    Ok(quantifier)
}

fn full_text(cursor: &mut Cursor<'_>, value: Value) -> Parsed<Operation> {
    use FullTextOperator::{Phrase, Plain, Raw, WebSearch};
    let operator = one_of(cursor, &[Raw, Plain, Phrase, WebSearch], FullTextOperator::name)?;
    let language = cursor.optional(|cursor| cursor.attempt(language))?;
    delimiter(cursor)?;
    let value = value(cursor)?;
    Ok(Operation::FullText {
        operator,
        language,
        value,
    })
}

fn language(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.literal("(")?;
    let language = identifier(cursor)?.trim().to_owned();
    cursor.literal(")")?;
    Ok(language)
}

fn one_of<T: Copy>(cursor: &mut Cursor<'_>, all: &[T], name: impl Fn(T) -> &'static str) -> Parsed<T> {
    for &candidate in all {
        let found = cursor.optional(|cursor| cursor.attempt(|cursor| cursor.literal(name(candidate))))?;
        if found.is_some() {
            return Ok(candidate);
        }
    }
    cursor.reject()
}

fn is_value(cursor: &mut Cursor<'_>) -> Parsed<IsValue> {
    let words = [
        ("null", IsValue::Null),
        ("not_null", IsValue::NotNull),
        ("true", IsValue::True),
        ("false", IsValue::False),
        ("unknown", IsValue::Unknown),
    ];
    cursor.label("isVal: (null, not_null, true, false, unknown)", |cursor| {
        for (word, value) in words {
            let found = cursor.optional(|cursor| cursor.attempt(|cursor| cursor.keyword(word)))?;
            if found.is_some() {
                return Ok(value);
            }
        }
        cursor.reject()
    })
}

fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    spaced(cursor, |cursor| cursor.literal("("))?;
    let mut values = vec![element(cursor)?];
    while cursor.optional(|cursor| cursor.literal(","))?.is_some() {
        values.push(element(cursor)?);
    }
    spaced(cursor, |cursor| cursor.literal(")"))?;
    Ok(values)
}

fn element(cursor: &mut Cursor<'_>) -> Parsed<String> {
    match cursor.optional(quoted_element)? {
        Some(text) => Ok(text),
        None => Ok(plain_element(cursor)),
    }
}
