//! Names, and the JSON paths behind them.

use super::{
    account::Expected,
    cursor::{Cursor, Parsed},
};
use crate::request::{
    field::{Arrow, Field, JsonOperand, JsonStep},
    query::EmbedPath,
};

const IDENTIFIER: &[Expected] = &[Expected::Construct("letter"), Expected::Construct("digit")];
const DIGIT: &[Expected] = &[Expected::Construct("digit")];
const DASH: &[Expected] = &[Expected::Literal("-")];
const FIELD_NAME: &str = "field name (* or [a..z0..9_$])";
const JSON_KEY: &str = "any non reserved character different from: .,>()";

/// `a,b,c`
pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    let mut names = vec![field_name(cursor)?];
    while cursor.optional(comma)?.is_some() {
        names.push(field_name(cursor)?);
    }
    Ok(names)
}

/// `embed.embed.field->json`
pub(super) fn tree_path(cursor: &mut Cursor<'_>) -> Parsed<(EmbedPath, Field)> {
    let mut path = Vec::new();
    let mut name = field_name(cursor)?;
    while cursor.optional(delimiter)?.is_some() {
        path.push(std::mem::replace(&mut name, field_name(cursor)?));
    }
    let steps = json_path(cursor)?;
    Ok((path, Field { name, path: steps }))
}

/// A field, with spaces around it.
pub(super) fn field(cursor: &mut Cursor<'_>) -> Parsed<Field> {
    spaced(cursor, |cursor| {
        let name = field_name(cursor)?;
        let path = json_path(cursor)?;
        Ok(Field { name, path })
    })
}

/// A name: letters, digits, `_`, `$`, inner spaces and dashes; or anything between double quotes.
pub(super) fn field_name(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.label(FIELD_NAME, |cursor| {
        quoted_or(cursor, |cursor| {
            dashed(cursor, |cursor| identifier(cursor).map(str::trim))
        })
    })
}

/// Letters, digits, `_`, `$` and spaces.
pub(super) fn identifier<'a>(cursor: &mut Cursor<'a>) -> Parsed<&'a str> {
    cursor.run1(IDENTIFIER, |c| {
        c.is_alphabetic() || c.is_ascii_digit() || matches!(c, '_' | ' ' | '$')
    })
}

/// `"…"`, where a backslash takes the next character as it is.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.literal("\"")?;
    let mut text = String::new();
    loop {
        text.push_str(cursor.run(&[], |c| c != '"' && c != '\\'));
        if cursor.optional(|cursor| cursor.literal("\\"))?.is_none() {
            break;
        }
        text.push(cursor.one(&[], |_| true)?);
    }
    cursor.literal("\"")?;
    Ok(text)
}

/// `.`
pub(super) fn delimiter(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.label("delimiter (.)", |cursor| cursor.literal("."))
}

/// `,` with spaces around it.
pub(super) fn comma(cursor: &mut Cursor<'_>) -> Parsed<()> {
    spaced(cursor, |cursor| cursor.literal(","))
}

/// A construct with spaces around it.
pub(super) fn spaced<T>(
    cursor: &mut Cursor<'_>,
    parser: impl FnOnce(&mut Cursor<'_>) -> Parsed<T>,
) -> Parsed<T> {
    cursor.spaces();
    let value = parser(cursor)?;
    cursor.spaces();
    Ok(value)
}

fn quoted_or(
    cursor: &mut Cursor<'_>,
    plain: impl FnOnce(&mut Cursor<'_>) -> Parsed<String>,
) -> Parsed<String> {
    match cursor.optional(quoted)? {
        Some(text) => Ok(text),
        None => plain(cursor),
    }
}

/// Pieces joined by dashes; a dash that begins an arrow joins nothing.
fn dashed<'a>(cursor: &mut Cursor<'a>, piece: impl Fn(&mut Cursor<'a>) -> Parsed<&'a str>) -> Parsed<String> {
    let mut text = piece(cursor)?.to_owned();
    while cursor.optional(dash)?.is_some() {
        text.push('-');
        text.push_str(piece(cursor)?);
    }
    Ok(text)
}

fn dash(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.attempt(|cursor| {
        cursor.literal("-")?;
        cursor.not_followed_by(&[Expected::Literal(">")], |c| c == '>')
    })
}

fn json_path(cursor: &mut Cursor<'_>) -> Parsed<Vec<JsonStep>> {
    let mut steps = Vec::new();
    while let Some(arrow) = cursor.optional(arrow)? {
        let operand = json_operand(cursor)?;
        steps.push(JsonStep { arrow, operand });
    }
    Ok(steps)
}

fn arrow(cursor: &mut Cursor<'_>) -> Parsed<Arrow> {
    let text = cursor.optional(|cursor| cursor.attempt(|cursor| cursor.literal("->>")))?;
    if text.is_some() {
        return Ok(Arrow::Text);
    }
    cursor.attempt(|cursor| cursor.literal("->"))?;
    Ok(Arrow::Json)
}

fn json_operand(cursor: &mut Cursor<'_>) -> Parsed<JsonOperand> {
    if let Some(index) = cursor.optional(|cursor| cursor.attempt(json_index))? {
        return Ok(JsonOperand::Index(index));
    }
    let key = cursor.attempt(|cursor| {
        cursor.label(JSON_KEY, |cursor| {
            quoted_or(cursor, |cursor| dashed(cursor, json_key))
        })
    })?;
    Ok(JsonOperand::Key(key))
}

fn json_key<'a>(cursor: &mut Cursor<'a>) -> Parsed<&'a str> {
    cursor
        .run1(&[], |c| !matches!(c, '(' | '-' | ':' | '.' | ',' | '>' | ')'))
        .map(str::trim)
}

/// An index, but not the beginning of a key: what follows must end it. (PostgREST forgets that a bracket
/// does, and reads `embed(data->0)` as a key; nothing there says so in its complaints, so nor does this.)
fn json_index(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let sign = cursor.optional(|cursor| cursor.one(DASH, |c| c == '-'))?;
    let digits = cursor.run1(DIGIT, |c| c.is_ascii_digit())?;
    let index = sign.into_iter().chain(digits.chars()).collect();
    if cursor.peek() == Some(')') {
        return Ok(index);
    }
    for follower in ["->", "::", ".", ","] {
        if cursor.optional(|cursor| cursor.followed_by(follower))?.is_some() {
            return Ok(index);
        }
    }
    cursor.end()?;
    Ok(index)
}
