//! What is read: a tree of relations, each with its columns, conditions, order and range.

use crate::ident::Qualified;
use crate::request::{Aggregate, Direction, Nulls, RowRange};
use crate::schema::Relationship;

use super::field::ResolvedField;
use super::filter::Condition;

/// One level of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadNode {
    /// The relation whose columns are read.
    pub relation: Qualified,
    /// Where its rows come from.
    pub source: Source,
    /// The name of this level in SQL; the relation itself where there is none.
    pub alias: Option<String>,
    /// Columns of the answer, in their order.
    pub select: Vec<SelectedColumn>,
    /// Conditions on the rows, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Order of the rows.
    pub order: Vec<OrderBy>,
    /// Slice of the rows.
    pub range: RowRange,
    /// Related rows.
    pub embeds: Vec<Embed>,
}

/// Where the rows of a level come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The relation itself.
    Relation,
    /// The rows that a write or a call gave back.
    Result,
    /// A function of the parent's row.
    Computed {
        /// The function.
        function: Qualified,
        /// The parent's relation, whose row type the function takes.
        parent: Qualified,
        /// The parent's name in SQL.
        argument: String,
    },
}

/// A column of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedColumn {
    /// What is read.
    pub field: ResolvedField,
    /// Type it is cast to.
    pub cast: Option<String>,
    /// Aggregate over it.
    pub aggregate: Option<Aggregated>,
    /// Its name in the answer.
    pub alias: Option<String>,
}

/// An aggregate function with the type that its result is cast to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregated {
    /// The function.
    pub function: Aggregate,
    /// Type of the result.
    pub cast: Option<String>,
}

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// The slot of the embed whose field decides, where it is not this level's.
    pub slot: Option<String>,
    /// What decides.
    pub field: ResolvedField,
    /// Ascending or descending, where said.
    pub direction: Option<Direction>,
    /// Where nulls go, where said.
    pub nulls: Option<Nulls>,
}

/// Related rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Embed {
    /// What is read of them.
    pub node: ReadNode,
    /// Their key in the answer.
    pub name: String,
    /// The relation's name as written, where filters, orders or limits used it although there is an alias.
    pub misnamed: Option<String>,
    /// The name of the joined subquery.
    pub slot: String,
    /// How they are related to the parent.
    pub relationship: Relationship,
    /// The junction's name in SQL, where there is a junction.
    pub junction_alias: Option<String>,
    /// Equalities that join them.
    pub joins: Vec<JoinCondition>,
    /// Parents without such rows are left out.
    pub is_inner: bool,
    /// How they appear in the answer.
    pub shape: Shape,
}

/// `left.column = right.column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinCondition {
    /// Relation or alias, and column.
    pub left: (Qualified, String),
    /// Relation or alias, and column.
    pub right: (Qualified, String),
}

/// How related rows appear in the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Joined for their conditions only.
    Hidden {
        /// At most one belongs to a row.
        to_one: bool,
    },
    /// One object or null.
    Object,
    /// An array of objects.
    Array,
    /// Columns lifted into the parent's row.
    SpreadOne(Vec<SpreadColumn>),
    /// Columns lifted into the parent's row, each an array.
    SpreadMany {
        /// The columns.
        columns: Vec<SpreadColumn>,
        /// Columns read only to sort by: of the level itself, or of one of its slots.
        sort_columns: Vec<(Option<String>, SelectedColumn)>,
        /// The order of each array.
        order: Vec<OrderBy>,
    },
}

/// A column lifted out of a subquery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpreadColumn {
    /// Its name there; `*` for all.
    pub name: String,
    /// Aggregate over it, applied here where it makes sense.
    pub aggregate: Option<Aggregated>,
    /// Its name here.
    pub alias: Option<String>,
}

impl ReadNode {
    /// What columns of this level are qualified with.
    #[must_use]
    pub fn reference(&self) -> Qualified {
        self.alias
            .as_ref()
            .map_or_else(|| self.relation.clone(), Qualified::bare)
    }

    /// Whether the answer is the relation's rows as they are: `select=*` and nothing else.
    #[must_use]
    pub fn is_default_select(&self) -> bool {
        self.embeds.is_empty()
            && matches!(self.select.as_slice(), [only] if only.field == ResolvedField::star() && only.aggregate.is_none())
    }

    /// Whether this level groups its rows.
    #[must_use]
    pub fn aggregates(&self) -> bool {
        self.select.iter().any(|column| column.aggregate.is_some())
            || self
                .embeds
                .iter()
                .any(|embed| embed.spread_columns().iter().any(|col| col.aggregate.is_some()))
    }
}

impl Embed {
    /// The columns lifted into the parent, for a spread.
    #[must_use]
    pub fn spread_columns(&self) -> &[SpreadColumn] {
        match &self.shape {
            Shape::SpreadOne(columns) | Shape::SpreadMany { columns, .. } => columns,
            Shape::Hidden { .. } | Shape::Object | Shape::Array => &[],
        }
    }
}

impl SelectedColumn {
    /// A column under its own name.
    #[must_use]
    pub const fn of(field: ResolvedField) -> Self {
        Self {
            field,
            cast: None,
            aggregate: None,
            alias: None,
        }
    }
}
