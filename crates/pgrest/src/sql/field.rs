//! Fields: columns with their JSON paths, casts, aggregates and domain functions.

use crate::ident::{Qualified, quote, quote_onto, type_name};
use crate::plan::{Aggregated, JoinCondition, OrderBy, ResolvedField, SelectedColumn, SpreadColumn, Target};
use crate::request::{Arrow, Direction, JsonOperand, JsonStep, Nulls};

use super::fragment::Fragment;

/// A column of a relation; `*` is all of them.
pub(super) fn column(of: &Qualified, name: &str) -> String {
    if name == "*" {
        format!("{}.*", of.sql())
    } else {
        quoted_column(of, name)
    }
}

/// What a field reads, before any domain function.
pub(super) fn field(of: &Qualified, field: &ResolvedField) -> Fragment {
    let value = match &field.target {
        Target::Star => Fragment::from(format!("{}.*", of.sql())),
        Target::Row => Fragment::from(quote(&of.name)),
        Target::Column(name) if field.path.is_empty() => Fragment::from(quoted_column(of, name)),
        Target::Column(name) if field.to_json => {
            Fragment::from(format!("to_jsonb({})", quoted_column(of, name))).join(path(&field.path))
        }
        Target::Column(name) => Fragment::from(quoted_column(of, name)).join(path(&field.path)),
    };
    match &field.search {
        Some(language) => Fragment::from("to_tsvector(")
            .join(search_language(language.as_deref()))
            .join(value)
            .push(")"),
        None => value,
    }
}

/// The language argument of a text search function, with its comma.
pub(super) fn search_language(language: Option<&str>) -> Fragment {
    language.map_or_else(Fragment::empty, |language| Fragment::bind(language).push(", "))
}

/// A call of a function with one argument.
pub(super) fn apply(function: &Qualified, argument: Fragment) -> Fragment {
    Fragment::from(function.sql()).push("(").join(argument).push(")")
}

/// A column of a select list.
pub(super) fn selected(of: &Qualified, column: &SelectedColumn) -> Fragment {
    let mut value = match (&column.field.target, &column.aggregate) {
        (Target::Star, Some(_)) => Fragment::from("*"),
        (Target::Star | Target::Row | Target::Column(_), _) => field(of, &column.field),
    };
    if let Some(transform) = &column.field.transform {
        value = apply(transform, value);
    }
    let value = aggregated(column.aggregate.as_ref(), cast(column.cast.as_deref(), value));
    named(column.alias.as_deref(), value)
}

/// A column lifted out of a subquery.
pub(super) fn lifted(slot: &str, column: &SpreadColumn) -> Fragment {
    let value = Fragment::from(self::column(&Qualified::bare(slot), &column.name));
    named(
        column.alias.as_deref(),
        aggregated(column.aggregate.as_ref(), value),
    )
}

/// `ORDER BY`, or nothing.
pub(super) fn order(of: &Qualified, terms: &[OrderBy]) -> Fragment {
    if terms.is_empty() {
        return Fragment::empty();
    }
    Fragment::from(" ORDER BY ").join(Fragment::list(
        terms.iter().map(|term| order_term(of, term)),
        ", ",
    ))
}

/// An equality of two columns.
pub(super) fn join_condition(condition: &JoinCondition) -> Fragment {
    let side = |(of, name): &(Qualified, String)| quoted_column(of, name);
    Fragment::from(format!("{} = {}", side(&condition.left), side(&condition.right)))
}

fn quoted_column(of: &Qualified, name: &str) -> String {
    let mut out = of.sql();
    out.push('.');
    quote_onto(&mut out, name);
    out
}

fn order_term(of: &Qualified, term: &OrderBy) -> Fragment {
    let value = match &term.slot {
        Some(slot) => field(&Qualified::bare(slot), &term.field),
        None => field(of, &term.field),
    };
    let direction = match term.direction {
        Some(Direction::Asc) => " ASC",
        Some(Direction::Desc) => " DESC",
        None => "",
    };
    let nulls = match term.nulls {
        Some(Nulls::First) => " NULLS FIRST",
        Some(Nulls::Last) => " NULLS LAST",
        None => "",
    };
    value.push(direction).push(nulls)
}

fn path(steps: &[JsonStep]) -> Fragment {
    Fragment::list(steps.iter().map(step), "")
}

fn step(step: &JsonStep) -> Fragment {
    let arrow = match step.arrow {
        Arrow::Json => "->",
        Arrow::Text => "->>",
    };
    match &step.operand {
        JsonOperand::Key(key) => Fragment::from(arrow).value(key),
        JsonOperand::Index(index) => Fragment::from(arrow).value(index).push("::int"),
    }
}

fn cast(cast: Option<&str>, value: Fragment) -> Fragment {
    match cast {
        Some(cast) => Fragment::from("CAST(")
            .join(value)
            .push(" AS ")
            .push(&type_name(cast))
            .push(")"),
        None => value,
    }
}

fn aggregated(aggregate: Option<&Aggregated>, value: Fragment) -> Fragment {
    match aggregate {
        Some(Aggregated { function, cast: to }) => {
            let call = Fragment::from(function.name()).push("(").join(value).push(")");
            cast(to.as_deref(), call)
        }
        None => value,
    }
}

fn named(name: Option<&str>, value: Fragment) -> Fragment {
    match name {
        Some(name) => value.push(" AS ").push(&quote(name)),
        None => value,
    }
}
