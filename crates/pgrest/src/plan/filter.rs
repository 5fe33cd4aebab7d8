//! Conditions: filters and logic trees with their fields resolved.

use crate::request::{Filter, IsValue, LogicOperator, LogicTree, Operation};

use super::field::{ResolvedField, Resolver};
use super::read::Embed;

/// A condition on the rows of one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Several, combined.
    Group {
        /// The whole is negated.
        negated: bool,
        /// How they combine.
        operator: LogicOperator,
        /// The parts.
        children: Vec<Self>,
    },
    /// A test of one field.
    Test {
        /// What is tested.
        field: ResolvedField,
        /// The test is negated.
        negated: bool,
        /// The test.
        operation: Operation,
    },
    /// Whether related rows are there.
    Embedded {
        /// The slot of the embed.
        slot: String,
        /// They must be there, rather than not.
        present: bool,
    },
}

/// Resolves one filter.
pub(super) fn test(resolver: Resolver<'_>, filter: &Filter) -> Condition {
    let field = match &filter.operation {
        Operation::FullText { language, .. } => resolver.search(&filter.field, language.as_deref()),
        Operation::Quant { .. }
        | Operation::Binary { .. }
        | Operation::In(_)
        | Operation::Is(_)
        | Operation::IsDistinct(_) => resolver.input(&filter.field),
    };
    Condition::Test {
        field,
        negated: filter.negated,
        operation: filter.operation.clone(),
    }
}

/// Resolves a tree of filters.
pub(super) fn tree(resolver: Resolver<'_>, logic: &LogicTree) -> Condition {
    match logic {
        LogicTree::Filter(filter) => test(resolver, filter),
        LogicTree::Group {
            negated,
            operator,
            children,
        } => Condition::Group {
            negated: *negated,
            operator: *operator,
            children: children.iter().map(|child| tree(resolver, child)).collect(),
        },
    }
}

/// Turns `embed=is.null` into a question about the embedded rows: no column can answer it.
pub(super) fn about_embeds(condition: &mut Condition, embeds: &[Embed]) {
    match condition {
        Condition::Group { children, .. } => {
            for child in children {
                about_embeds(child, embeds);
            }
        }
        Condition::Test {
            field,
            negated,
            operation: Operation::Is(IsValue::Null),
        } if field.path.is_empty() => {
            let named = embeds.iter().find(|embed| field.column() == Some(&embed.name));
            if let Some(embed) = named {
                *condition = Condition::Embedded {
                    slot: embed.slot.clone(),
                    present: *negated,
                };
            }
        }
        Condition::Test { .. } | Condition::Embedded { .. } => {}
    }
}
