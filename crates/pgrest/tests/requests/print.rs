//! Parsed things written as a client would write them, every name and listed value in quotes.

use seawall_pgrest::request::{
    Arrow, Direction, Field, Filter, IsValue, Join, JsonOperand, LogicOperator, LogicTree, Nulls, Operation,
    OrderTerm, Quantifier, SelectColumn, SelectEmbed, SelectItem,
};

pub(crate) fn select(items: &[SelectItem]) -> String {
    items.iter().map(item).collect::<Vec<_>>().join(",")
}

fn item(item: &SelectItem) -> String {
    match item {
        SelectItem::Star => "*".to_owned(),
        SelectItem::Count { alias, cast } => {
            format!("{}count(){}", prefix(alias.as_deref()), suffix(cast.as_deref()))
        }
        SelectItem::Column(column) => self::column(column),
        SelectItem::Embed(embed) => self::embed(embed),
        SelectItem::Spread(embed) => format!("...{}", self::embed(embed)),
    }
}

fn column(column: &SelectColumn) -> String {
    let aggregate = column
        .aggregate
        .map_or(String::new(), |aggregate| format!(".{}()", aggregate.name()));
    format!(
        "{}{}{}{aggregate}{}",
        prefix(column.alias.as_deref()),
        field(&column.field),
        suffix(column.cast.as_deref()),
        suffix(column.aggregate_cast.as_deref()),
    )
}

fn embed(embed: &SelectEmbed) -> String {
    let hint = embed
        .hint
        .as_ref()
        .map_or(String::new(), |hint| format!("!{}", quoted(hint)));
    let join = match embed.join {
        None => "",
        Some(Join::Inner) => "!inner",
        Some(Join::Left) => "!left",
    };
    format!(
        "{}{}{hint}{join}({})",
        prefix(embed.alias.as_deref()),
        quoted(&embed.relation),
        select(&embed.select),
    )
}

pub(crate) fn order(terms: &[OrderTerm]) -> String {
    terms.iter().map(term).collect::<Vec<_>>().join(",")
}

fn term(term: &OrderTerm) -> String {
    let what = match &term.relation {
        None => field(&term.field),
        Some(relation) => format!("{}({})", quoted(relation), field(&term.field)),
    };
    let direction = match term.direction {
        None => "",
        Some(Direction::Asc) => ".asc",
        Some(Direction::Desc) => ".desc",
    };
    let nulls = match term.nulls {
        None => "",
        Some(Nulls::First) => ".nullsfirst",
        Some(Nulls::Last) => ".nullslast",
    };
    format!("{what}{direction}{nulls}")
}

pub(crate) fn tree(tree: &LogicTree) -> String {
    match tree {
        LogicTree::Filter(filter) => self::filter(filter),
        LogicTree::Group {
            negated,
            operator,
            children,
        } => {
            let not = if *negated { "not." } else { "" };
            let name = match operator {
                LogicOperator::And => "and",
                LogicOperator::Or => "or",
            };
            let children: Vec<_> = children.iter().map(self::tree).collect();
            format!("{not}{name}({})", children.join(","))
        }
    }
}

/// A filter as it stands in a tree.
pub(crate) fn filter(filter: &Filter) -> String {
    format!(
        "{}.{}",
        field(&filter.field),
        operation(filter.negated, &filter.operation, quoted)
    )
}

/// An operator with its operand, which `value` writes.
pub(crate) fn operation(negated: bool, operation: &Operation, value: impl Fn(&str) -> String) -> String {
    let not = if negated { "not." } else { "" };
    let positive = match operation {
        Operation::Quant {
            operator,
            quantifier,
            value: text,
        } => {
            let quantifier = match quantifier {
                None => "",
                Some(Quantifier::Any) => "(any)",
                Some(Quantifier::All) => "(all)",
            };
            format!("{}{quantifier}.{}", operator.name(), value(text))
        }
        Operation::Binary {
            operator,
            value: text,
        } => format!("{}.{}", operator.name(), value(text)),
        Operation::In(values) => {
            let values: Vec<_> = values.iter().map(|text| quoted(text)).collect();
            format!("in.({})", values.join(","))
        }
        Operation::Is(IsValue::Null) => "is.null".to_owned(),
        Operation::Is(IsValue::NotNull) => "is.not_null".to_owned(),
        Operation::Is(IsValue::True) => "is.true".to_owned(),
        Operation::Is(IsValue::False) => "is.false".to_owned(),
        Operation::Is(IsValue::Unknown) => "is.unknown".to_owned(),
        Operation::IsDistinct(text) => format!("isdistinct.{}", value(text)),
        Operation::FullText {
            operator,
            language,
            value: text,
        } => {
            let language = language
                .as_ref()
                .map_or(String::new(), |language| format!("({language})"));
            format!("{}{language}.{}", operator.name(), value(text))
        }
    };
    format!("{not}{positive}")
}

pub(crate) fn field(field: &Field) -> String {
    let mut text = quoted(&field.name);
    for step in &field.path {
        text.push_str(match step.arrow {
            Arrow::Json => "->",
            Arrow::Text => "->>",
        });
        match &step.operand {
            JsonOperand::Key(key) => text.push_str(&quoted(key)),
            JsonOperand::Index(index) => text.push_str(index),
        }
    }
    text
}

pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

fn prefix(alias: Option<&str>) -> String {
    alias.map_or(String::new(), |alias| format!("{}:", quoted(alias)))
}

fn suffix(cast: Option<&str>) -> String {
    cast.map_or(String::new(), |cast| format!("::{cast}"))
}
