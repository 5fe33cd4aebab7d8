//! `select`: fields, counts, embeds and spreads.

use super::{
    account::Expected,
    cursor::{Cursor, Parsed},
    name::{comma, field, field_name, identifier, spaced},
};
use crate::request::select::{Aggregate, Join, SelectColumn, SelectEmbed, SelectItem};

/// A whole list, empty only if nothing is there.
pub(super) fn whole_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<SelectItem>> {
    if cursor.rest().is_empty() {
        return Ok(Vec::new());
    }
    let first = item(cursor)?;
    more(cursor, first)
}

/// A list of items, perhaps empty.
fn list(cursor: &mut Cursor<'_>) -> Parsed<Vec<SelectItem>> {
    match cursor.optional(item)? {
        Some(first) => more(cursor, first),
        None => Ok(Vec::new()),
    }
}

fn more(cursor: &mut Cursor<'_>, first: SelectItem) -> Parsed<Vec<SelectItem>> {
    let mut items = vec![first];
    while cursor.optional(comma)?.is_some() {
        items.push(item(cursor)?);
    }
    Ok(items)
}

fn item(cursor: &mut Cursor<'_>) -> Parsed<SelectItem> {
    if let Some(name) = cursor.plain_word(&[',', ')']) {
        return Ok(SelectItem::Column(SelectColumn::plain(name)));
    }
    if let Some(embed) = cursor.optional(|cursor| cursor.attempt(spread_head))? {
        return Ok(SelectItem::Spread(with_children(cursor, embed)?));
    }
    if let Some(embed) = cursor.optional(|cursor| cursor.attempt(embed_head))? {
        return Ok(SelectItem::Embed(with_children(cursor, embed)?));
    }
    spaced_item(cursor)
}

fn with_children(cursor: &mut Cursor<'_>, mut embed: SelectEmbed) -> Parsed<SelectEmbed> {
    cursor.literal("(")?;
    embed.select = cursor.deeper(list)?;
    cursor.literal(")")?;
    Ok(embed)
}

fn spread_head(cursor: &mut Cursor<'_>) -> Parsed<SelectEmbed> {
    spaced(cursor, |cursor| {
        cursor.literal("...")?;
        let relation = field_name(cursor)?;
        embed_tail(cursor, relation, None)
    })
}

fn embed_head(cursor: &mut Cursor<'_>) -> Parsed<SelectEmbed> {
    spaced(cursor, |cursor| {
        let alias = cursor.optional(|cursor| cursor.attempt(alias))?;
        let relation = field_name(cursor)?;
        if relation == "count" {
            return cursor.reject();
        }
        embed_tail(cursor, relation, alias)
    })
}

fn embed_tail(cursor: &mut Cursor<'_>, relation: String, alias: Option<String>) -> Parsed<SelectEmbed> {
    let mut embed = SelectEmbed {
        relation,
        alias,
        hint: None,
        join: None,
        select: Vec::new(),
    };
    for _ in 0..2 {
        let Some(modifier) = cursor.optional(modifier)? else {
            break;
        };
        match modifier {
            Modifier::Join(join) => embed.join = embed.join.or(Some(join)),
            Modifier::Hint(hint) => embed.hint = embed.hint.or(Some(hint)),
        }
    }
    cursor.followed_by("(")?;
    Ok(embed)
}

enum Modifier {
    Join(Join),
    Hint(String),
}

/// `!inner`, `!left` or `!hint`. A hint that merely begins with one of the two words is a hint.
fn modifier(cursor: &mut Cursor<'_>) -> Parsed<Modifier> {
    cursor.literal("!")?;
    let quoted = cursor.peek() == Some('"');
    let word = cursor.attempt(field_name)?;
    Ok(match word.as_str() {
        "inner" if !quoted => Modifier::Join(Join::Inner),
        "left" if !quoted => Modifier::Join(Join::Left),
        _ => Modifier::Hint(word),
    })
}

/// `name:`, but not `name::`.
fn alias(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let name = field_name(cursor)?;
    cursor.literal(":")?;
    cursor.not_followed_by(&[Expected::Literal(":")], |c| c == ':')?;
    Ok(name)
}

fn spaced_item(cursor: &mut Cursor<'_>) -> Parsed<SelectItem> {
    spaced(cursor, |cursor| {
        if cursor.optional(|cursor| cursor.attempt(star))?.is_some() {
            return Ok(SelectItem::Star);
        }
        if let Some(count) = cursor.optional(|cursor| cursor.attempt(count))? {
            return Ok(count);
        }
        column(cursor).map(SelectItem::Column)
    })
}

fn star(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.literal("*")?;
    item_end(cursor)
}

fn count(cursor: &mut Cursor<'_>) -> Parsed<SelectItem> {
    let alias = cursor.optional(|cursor| cursor.attempt(alias))?;
    cursor.literal("count()")?;
    let cast = cursor.optional(cast)?;
    item_end(cursor)?;
    Ok(SelectItem::Count { alias, cast })
}

fn column(cursor: &mut Cursor<'_>) -> Parsed<SelectColumn> {
    let alias = cursor.optional(|cursor| cursor.attempt(alias))?;
    let field = field(cursor)?;
    let cast_before = cursor.optional(cast)?;
    let aggregate = cursor.optional(|cursor| cursor.attempt(aggregate))?;
    let cast_after = cursor.optional(cast)?;
    item_end(cursor)?;
    Ok(SelectColumn {
        field,
        alias,
        cast: cast_before,
        aggregate,
        aggregate_cast: cast_after,
    })
}

fn cast(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.literal("::")?;
    identifier(cursor).map(|name| name.trim().to_owned())
}

fn aggregate(cursor: &mut Cursor<'_>) -> Parsed<Aggregate> {
    cursor.literal(".")?;
    let aggregate = aggregate_name(cursor)?;
    cursor.literal("()")?;
    Ok(aggregate)
}

fn aggregate_name(cursor: &mut Cursor<'_>) -> Parsed<Aggregate> {
    for aggregate in [Aggregate::Sum, Aggregate::Avg, Aggregate::Count, Aggregate::Max] {
        let found = cursor.optional(|cursor| cursor.attempt(|cursor| cursor.literal(aggregate.name())))?;
        if found.is_some() {
            return Ok(aggregate);
        }
    }
    cursor.attempt(|cursor| cursor.literal(Aggregate::Min.name()))?;
    Ok(Aggregate::Min)
}

fn item_end(cursor: &mut Cursor<'_>) -> Parsed<()> {
    for follower in [")", ","] {
        if cursor.optional(|cursor| cursor.followed_by(follower))?.is_some() {
            return Ok(());
        }
    }
    cursor.end()
}
