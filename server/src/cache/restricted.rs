//! By which values a request restricts the rows of a relation, and so which rows its answer can depend on.
//!
//! What counts is an equality that must hold for every row: `col=eq.v` or `col=in.(v,w)` among the conditions of a
//! level, alone or within `and=(…)`, of a column whose values are told by their text ([`super::rows`]). Order, limit,
//! count and aggregates work on the rows that are left. Conditions that only some rows need meet (`or`, `not`), paths
//! into JSON, and domains with a reading of their own do not count.
//!
//! An embedded relation is restricted by its own conditions, or by its parent's through the columns that join them:
//! of `rooms?id=eq.v&select=messages(*)` only messages with `room_id = v` are read. Where a column of text is
//! compared to another, collations might differ, so that only numbers and UUIDs go that way.

use std::collections::BTreeMap;

use seawall_pgrest::ident::Qualified;
use seawall_pgrest::plan::{Condition, ReadNode};
use seawall_pgrest::request::{LogicOperator, Operation, QuantOperator};
use seawall_pgrest::schema::SchemaCache;

use super::graph::Graph;
use super::rows::{Kind, RowsRead, bucket};
use super::table_name;

/// More values than this are as good as any.
const MOST_VALUES: usize = 32;

/// Values that columns of a level can have, by the columns' names: as they were written.
pub(super) type Values = BTreeMap<String, Vec<String>>;

/// The equalities that each row of a level meets.
pub(super) fn values(node: &ReadNode) -> Values {
    let mut values = Values::new();
    for condition in &node.conditions {
        collect(condition, &mut values);
    }
    values
}

fn collect(condition: &Condition, values: &mut Values) {
    match condition {
        Condition::Group {
            negated: false,
            operator: LogicOperator::And,
            children,
        } => children.iter().for_each(|child| collect(child, values)),
        Condition::Test {
            field,
            negated: false,
            operation,
        } if field.path.is_empty() && field.transform.is_none() && field.search.is_none() => {
            let Some(column) = field.column() else { return };
            let listed = match operation {
                Operation::Quant {
                    operator: QuantOperator::Equal,
                    quantifier: None,
                    value,
                } => vec![value.clone()],
                Operation::In(listed) if listed.len() <= MOST_VALUES => listed.clone(),
                Operation::Quant { .. }
                | Operation::In(_)
                | Operation::Binary { .. }
                | Operation::Is(_)
                | Operation::IsDistinct(_)
                | Operation::FullText { .. } => return,
            };
            let known = values.entry(column.to_owned()).or_insert_with(|| listed.clone());
            // Each of them must hold: the shorter list says more.
            if listed.len() < known.len() {
                *known = listed;
            }
        }
        Condition::Group { .. } | Condition::Test { .. } | Condition::Embedded { .. } => {}
    }
}

/// The rows of a relation with such values, by the best column by which its rows are told.
pub(super) fn rows(graph: &Graph, relation: &Qualified, values: &Values) -> Option<RowsRead> {
    let table = table_name(relation);
    graph.key_columns(&table).iter().find_map(|column| {
        let listed = values.get(&column.name)?;
        let canonical = listed.iter().map(|literal| column.kind.canonical(literal));
        let canonical: Vec<String> = canonical.collect::<Option<_>>()?;
        let mut buckets: Vec<u16> = canonical.iter().map(|value| bucket(value)).collect();
        buckets.sort_unstable();
        buckets.dedup();
        Some(RowsRead {
            table: table.clone(),
            column: column.number,
            buckets,
        })
    })
}

/// What a parent's values say of the rows joined to it: pairs of (the parent's column, the other's).
pub(super) fn through(
    schema: &SchemaCache,
    parent: &Qualified,
    values: &Values,
    pairs: &[(String, String)],
) -> Values {
    let Some(table) = schema.table(parent) else {
        return Values::new();
    };
    let known = pairs.iter().filter_map(|(own, other)| {
        let kind = Kind::of_type(&table.column(own)?.nominal_type)?;
        let canonical = values.get(own)?.iter().map(|literal| kind.canonical(literal));
        Some((other.clone(), canonical.collect::<Option<Vec<String>>>()?))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use seawall_pgrest::plan::ResolvedField;

    use super::*;

    fn test(column: &str, operation: Operation) -> Condition {
        Condition::Test {
            field: ResolvedField::named(column),
            negated: false,
            operation,
        }
    }

    fn equal(column: &str, value: &str) -> Condition {
        test(
            column,
            Operation::Quant {
                operator: QuantOperator::Equal,
                quantifier: None,
                value: value.to_owned(),
            },
        )
    }

    fn group(negated: bool, operator: LogicOperator, children: Vec<Condition>) -> Condition {
        Condition::Group {
            negated,
            operator,
            children,
        }
    }

    fn of(condition: &Condition) -> Vec<(String, Vec<String>)> {
        let mut values = Values::new();
        collect(condition, &mut values);
        values.into_iter().collect()
    }

    #[test]
    fn only_what_every_row_must_meet_counts() {
        let one = || equal("id", "1");
        let found = vec![("id".to_owned(), vec!["1".to_owned()])];
        assert_eq!(of(&one()), found);
        assert_eq!(of(&group(false, LogicOperator::And, vec![one()])), found);
        assert_eq!(of(&group(true, LogicOperator::And, vec![one()])), []);
        let either = vec![one(), equal("room", "2")];
        assert_eq!(of(&group(false, LogicOperator::Or, either)), []);
    }

    #[test]
    fn of_two_lists_the_shorter_says_more() {
        let listed = Operation::In(vec!["1".to_owned(), "2".to_owned()]);
        let both = vec![test("id", listed), equal("id", "1")];
        let found = vec![("id".to_owned(), vec!["1".to_owned()])];
        assert_eq!(of(&group(false, LogicOperator::And, both)), found);
    }

    #[test]
    fn a_long_list_and_a_path_into_json_say_nothing() {
        let many = (0..100).map(|number| number.to_string()).collect();
        assert_eq!(of(&test("id", Operation::In(many))), []);
        let mut field = ResolvedField::named("id");
        field.path = vec![seawall_pgrest::request::JsonStep {
            arrow: seawall_pgrest::request::Arrow::Text,
            operand: seawall_pgrest::request::JsonOperand::Key("a".to_owned()),
        }];
        let inside = Condition::Test {
            field,
            negated: false,
            operation: Operation::In(vec!["1".to_owned()]),
        };
        assert_eq!(of(&inside), []);
    }
}
