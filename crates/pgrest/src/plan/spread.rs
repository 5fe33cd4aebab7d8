//! How related rows appear in the answer: nested under a key, or spread into the parent's row.
//!
//! An aggregate in a to-one spread would see one row only, so it moves up to the first level that is not itself
//! such a spread; there it is computed over the parents. A to-many spread becomes arrays, sorted by columns which
//! have to be read for that.

use crate::error::PlanError;
use crate::schema::Relationship;

use super::field::ResolvedField;
use super::read::{OrderBy, ReadNode, SelectedColumn, Shape, SpreadColumn};

/// Rows under a key of their own.
pub(super) fn nested(node: &ReadNode, relationship: &Relationship) -> Shape {
    match (shows_nothing(node), relationship.is_to_one()) {
        (true, to_one) => Shape::Hidden { to_one },
        (false, true) => Shape::Object,
        (false, false) => Shape::Array,
    }
}

fn shows_nothing(node: &ReadNode) -> bool {
    node.select.is_empty() && node.embeds.iter().all(|embed| shows_nothing(&embed.node))
}

/// Columns in the parent's row.
pub(super) fn spread(
    node: &mut ReadNode,
    relationship: &Relationship,
    slot: &str,
) -> Result<Shape, PlanError> {
    if relationship.is_to_one() {
        return Ok(Shape::SpreadOne(lifted(node)));
    }
    if node.aggregates() {
        return Err(PlanError::NotImplemented {
            details: "Aggregates are not implemented for one-to-many or many-to-many spreads.".to_owned(),
        });
    }
    let (sort_columns, order) = sorting(node, slot);
    Ok(Shape::SpreadMany {
        columns: lifted(node),
        sort_columns,
        order,
    })
}

/// What a level offers to the one above, its aggregates handed over.
fn lifted(node: &mut ReadNode) -> Vec<SpreadColumn> {
    let mut columns: Vec<SpreadColumn> = node.select.iter_mut().map(lift).collect();
    for embed in &mut node.embeds {
        match &mut embed.shape {
            Shape::Hidden { .. } => {}
            Shape::Object | Shape::Array => {
                columns.push(SpreadColumn {
                    name: embed.name.clone(),
                    aggregate: None,
                    alias: None,
                });
            }
            Shape::SpreadOne(inner) => columns.extend(inner.iter_mut().map(|column| SpreadColumn {
                name: column.name.clone(),
                aggregate: column.aggregate.take(),
                alias: column.alias.take(),
            })),
            Shape::SpreadMany { columns: inner, .. } => columns.extend(inner.iter().cloned()),
        }
    }
    columns
}

fn lift(column: &mut SelectedColumn) -> SpreadColumn {
    let name = column
        .alias
        .clone()
        .unwrap_or_else(|| column.field.output_name().to_owned());
    let aggregate = column.aggregate.take();
    let alias = aggregate.as_ref().and(column.alias.clone());
    SpreadColumn {
        name,
        aggregate,
        alias,
    }
}

type Sorting = (Vec<(Option<String>, SelectedColumn)>, Vec<OrderBy>);

/// Moves the order into the aggregation, over columns that are read under names of their own.
fn sorting(node: &mut ReadNode, slot: &str) -> Sorting {
    std::mem::take(&mut node.order)
        .into_iter()
        .enumerate()
        .map(|(idx, term)| {
            let name = format!("{slot}_order_{idx}");
            let mut column = SelectedColumn::of(term.field);
            column.alias = Some(name.clone());
            let order = OrderBy {
                slot: None,
                field: ResolvedField::named(name),
                direction: term.direction,
                nulls: term.nulls,
            };
            ((term.slot, column), order)
        })
        .unzip()
}
