//! The read tree as one select, its embeds as lateral joins.
//!
//! Each embed is a subquery under the name of its slot. Of many rows it makes one JSON array in a column that is
//! named like the slot too, so that asking whether the slot is null asks whether there were any.

use crate::ident::{Qualified, quote};
use crate::plan::{Embed, OrderBy, ReadNode, ResolvedField, SelectedColumn, Shape, Source, SpreadColumn};
use crate::request::RowRange;
use crate::schema::Link;

use super::SOURCE;
use super::field;
use super::filter;
use super::fragment::Fragment;

/// About as much as there mostly is.
const USUAL_TEXT: usize = 256;
const USUAL_BINDS: usize = 4;

/// The select of a whole tree.
pub(super) fn query(node: &ReadNode) -> Fragment {
    level(node, None)
}

fn level(node: &ReadNode, embed: Option<&Embed>) -> Fragment {
    let of = node.reference();
    let items = items(node);
    let groups = group_by(node, &items);
    let mut selected: Vec<Fragment> = items.into_iter().map(|item| item.sql).collect();
    if let Some(Embed {
        shape: Shape::SpreadMany { sort_columns, .. },
        ..
    }) = embed
    {
        selected.extend(sort_columns.iter().map(|(slot, column)| match slot {
            Some(slot) => field::selected(&Qualified::bare(slot), column),
            None => field::selected(&of, column),
        }));
    }
    Fragment::with_room(USUAL_TEXT, USUAL_BINDS)
        .push("SELECT ")
        .join(Fragment::list(selected, ", "))
        .join(from(node, embed))
        .join(Fragment::list(node.embeds.iter().map(lateral), ""))
        .join(conditions(node, embed))
        .push(&groups)
        .join(field::order(&of, &node.order))
        .join(range(node.range))
}

/// One item of a select list.
struct Item {
    sql: Fragment,
    aggregates: bool,
}

fn items(node: &ReadNode) -> Vec<Item> {
    let of = node.reference();
    let star = [SelectedColumn::of(ResolvedField::star())];
    // an empty select without embeds reads everything; what of it is shown is not decided here
    let columns: &[SelectedColumn] = if node.select.is_empty() && node.embeds.is_empty() {
        &star
    } else {
        &node.select
    };
    let own = columns.iter().map(|column| Item {
        sql: field::selected(&of, column),
        aggregates: column.aggregate.is_some(),
    });
    own.chain(node.embeds.iter().flat_map(embedded_items)).collect()
}

fn embedded_items(embed: &Embed) -> Vec<Item> {
    let slot = quote(&embed.slot);
    let name = quote(&embed.name);
    let plain = |sql: String| {
        vec![Item {
            sql: Fragment::from(sql),
            aggregates: false,
        }]
    };
    match &embed.shape {
        Shape::Hidden { .. } => Vec::new(),
        Shape::Object => plain(format!("row_to_json({slot}.*)::jsonb AS {name}")),
        Shape::Array => plain(format!("coalesce({slot}.{slot}, '[]') AS {name}")),
        Shape::SpreadOne(columns) | Shape::SpreadMany { columns, .. } => columns
            .iter()
            .map(|column| Item {
                sql: field::lifted(&embed.slot, column),
                aggregates: column.aggregate.is_some(),
            })
            .collect(),
    }
}

/// Groups by position: a name could mean a column of the table as well as the one selected under it.
fn group_by(node: &ReadNode, items: &[Item]) -> String {
    if !node.aggregates() {
        return String::new();
    }
    let positions: Vec<String> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.aggregates)
        .map(|(idx, _)| (idx + 1).to_string())
        .collect();
    if positions.is_empty() {
        String::new()
    } else {
        format!(" GROUP BY {}", positions.join(", "))
    }
}

/// `FROM`, with the junction where there is one.
pub(super) fn from(node: &ReadNode, embed: Option<&Embed>) -> Fragment {
    let mut out = Fragment::from(" FROM ");
    out = match &node.source {
        Source::Relation => out.push(&node.relation.sql()),
        Source::Result => out.push(SOURCE),
        // the cast chooses between overloads, and a common table expression's rows have no type of their own
        Source::Computed {
            function,
            parent,
            argument,
        } => out.push(&format!(
            "{}({}::{})",
            function.sql(),
            quote(argument),
            parent.sql()
        )),
    };
    if let Some(alias) = &node.alias {
        out = out.push(" AS ").push(&quote(alias));
    }
    if let Some(Embed {
        relationship,
        junction_alias,
        ..
    }) = embed
        && let Link::ManyToMany(junction) = &relationship.link
    {
        out = out.push(", ").push(&junction.table.sql());
        if let Some(alias) = junction_alias {
            out = out.push(" AS ").push(&quote(alias));
        }
    }
    out
}

fn conditions(node: &ReadNode, embed: Option<&Embed>) -> Fragment {
    let of = node.reference();
    let own = node
        .conditions
        .iter()
        .map(|one| filter::condition(&of, one, &filter::joined));
    let joins = embed
        .into_iter()
        .flat_map(|embed| embed.joins.iter().map(field::join_condition));
    all(own.chain(joins))
}

/// `WHERE` all of them, or nothing.
pub(super) fn all(conditions: impl Iterator<Item = Fragment>) -> Fragment {
    let list = Fragment::list(conditions, " AND ");
    if list.is_empty() {
        list
    } else {
        Fragment::from(" WHERE ").join(list)
    }
}

fn lateral(embed: &Embed) -> Fragment {
    let slot = quote(&embed.slot);
    let subquery = level(&embed.node, Some(embed));
    let (subquery, is_many) = match &embed.shape {
        Shape::Object | Shape::SpreadOne(_) | Shape::Hidden { to_one: true } => (subquery, false),
        Shape::Array | Shape::Hidden { to_one: false } => {
            (gathered(&slot, Fragment::empty(), subquery), true)
        }
        Shape::SpreadMany { columns, order, .. } => {
            let arrays = columns
                .iter()
                .map(|column| spread_array(&embed.slot, column, order));
            let arrays = Fragment::list(arrays.map(|array| Fragment::from(", ").join(array)), "");
            (gathered(&slot, arrays, subquery), true)
        }
    };
    let on = match (embed.is_inner, is_many) {
        (true, true) => format!("{slot} IS NOT NULL"),
        (true, false) | (false, _) => "TRUE".to_owned(),
    };
    Fragment::from(if embed.is_inner { " INNER" } else { " LEFT" })
        .push(" JOIN LATERAL (")
        .join(subquery)
        .push(&format!(") AS {slot} ON {on}"))
}

/// All rows of a subquery as one array.
fn gathered(slot: &str, more: Fragment, subquery: Fragment) -> Fragment {
    Fragment::from(format!("SELECT json_agg({slot})::jsonb AS {slot}"))
        .join(more)
        .push(" FROM (")
        .join(subquery)
        .push(&format!(") AS {slot}"))
}

fn spread_array(slot: &str, column: &SpreadColumn, order: &[OrderBy]) -> Fragment {
    let of = Qualified::bare(slot);
    Fragment::from("coalesce(json_agg(")
        .push(&field::column(&of, &column.name))
        .join(field::order(&of, order))
        .push("), '[]')::jsonb AS ")
        .push(&quote(column.alias.as_deref().unwrap_or(&column.name)))
}

fn range(range: RowRange) -> Fragment {
    let mut out = Fragment::empty();
    if let Some(limit) = range.limit {
        out = out.push(" LIMIT ").value(limit.to_string());
    }
    if range.offset != 0 {
        out = out.push(" OFFSET ").value(range.offset.to_string());
    }
    out
}
