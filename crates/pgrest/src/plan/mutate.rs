//! What is written: the columns of the body with their types, the rows meant, and what comes back.

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::{
    Filter, Missing, Mutation, Operation, Payload, QuantOperator, Representation, Resolution,
};
use crate::schema::{Column, Table};

use super::Planner;
use super::field::Resolver;
use super::filter::{self, Condition};
use super::negotiate::{Answer, Wanted};
use super::read::{ReadNode, Source};
use super::returning;
pub use super::returning::Returning;
use super::scope::Scope;
use super::tree::TreeBuilder;

/// Writes to a relation and reads what was written.
#[derive(Debug, Clone, PartialEq)]
pub struct MutatePlan {
    /// The table or view.
    pub table: Qualified,
    /// Which method asked.
    pub mutation: Mutation,
    /// What is written.
    pub write: Write,
    /// What comes back of the rows written.
    pub returning: Returning,
    /// Columns of the primary key, for the location of a new row.
    pub primary_key: Vec<String>,
    /// What is read of that.
    pub tree: ReadNode,
    /// In which shape.
    pub answer: Answer,
    /// What the caller wants back.
    pub representation: Option<Representation>,
    /// Most rows that may be touched.
    pub max_affected: Option<i64>,
}

/// The three kinds of write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Add rows, or merge them into those that are there.
    Insert {
        /// The rows.
        body: Body,
        /// What to do with rows that are there, told apart by these columns.
        conflict: Option<(Resolution, Vec<String>)>,
        /// For PUT: conditions that the new row itself must meet.
        conditions: Vec<Condition>,
    },
    /// Change rows.
    Update {
        /// The new values.
        body: Body,
        /// The rows meant.
        conditions: Vec<Condition>,
    },
    /// Remove rows.
    Delete {
        /// The rows meant.
        conditions: Vec<Condition>,
    },
}

/// A JSON body and the columns that count in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The text; none writes what `{}` would.
    pub json: Option<String>,
    /// The columns.
    pub columns: Vec<WriteColumn>,
    /// A missing key means the column's default, not null.
    pub defaults: bool,
}

/// A column to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteColumn {
    /// Name.
    pub name: String,
    /// The type in which its JSON is read.
    pub read_as: String,
    /// The function that makes the column's value of that.
    pub transform: Option<Qualified>,
    /// The column's default, as SQL text of the catalogue.
    pub default: Option<String>,
}

impl Planner<'_> {
    pub(super) fn mutate(self, relation: &str, mutation: Mutation) -> Result<MutatePlan, PlanError> {
        let table = self.table(relation)?;
        let request = self.request;
        let mut scope = Scope::of(&request.query, self.config.legacy_target_names)?;
        // the root's filters choose the rows to write, not those to show
        scope.filters.clear();
        scope.logic.clear();
        let builder = TreeBuilder {
            cache: self.cache,
            config: self.config,
            max_rows: None,
        };
        let tree = builder.root(&table.name, Source::Result, &request.query.select, scope)?;
        let write = self.write(table, mutation)?;
        let representation = request.preferences.representation;
        let returning = match representation {
            None | Some(Representation::Minimal) => Returning::Nothing,
            Some(Representation::Full | Representation::HeadersOnly) => {
                returning::needed(&tree, Some(table), &table.primary_key)
            }
        };
        let wanted = if representation == Some(Representation::Full) {
            Wanted::Body
        } else {
            Wanted::Headers
        };
        let answer = self.negotiate(&table.name, &tree, wanted)?;
        Ok(MutatePlan {
            table: table.name.clone(),
            mutation,
            write,
            returning,
            primary_key: table.primary_key.clone(),
            tree,
            answer,
            representation,
            max_affected: request.preferences.binding_max_affected(),
        })
    }

    fn write(self, table: &Table, mutation: Mutation) -> Result<Write, PlanError> {
        Ok(match mutation {
            Mutation::Create => Write::Insert {
                body: self.body(table)?,
                conflict: self.conflict(table),
                conditions: Vec::new(),
            },
            Mutation::Update => Write::Update {
                body: self.body(table)?,
                conditions: self.root_conditions(table),
            },
            Mutation::SingleUpsert => {
                self.check_put(table)?;
                let body = Body {
                    defaults: false,
                    ..self.body(table)?
                };
                Write::Insert {
                    body,
                    conflict: Some((Resolution::MergeDuplicates, table.primary_key.clone())),
                    conditions: self.root_conditions(table),
                }
            }
            Mutation::Delete => Write::Delete {
                conditions: self.root_conditions(table),
            },
        })
    }

    fn body(self, table: &Table) -> Result<Body, PlanError> {
        let columns = self
            .request
            .columns
            .iter()
            .map(|name| self.write_column(table, name));
        Ok(Body {
            json: self
                .request
                .payload
                .as_ref()
                .and_then(Payload::text)
                .map(str::to_owned),
            columns: columns.collect::<Result<_, _>>()?,
            defaults: self.request.preferences.missing == Some(Missing::Default),
        })
    }

    fn write_column(self, table: &Table, name: &str) -> Result<WriteColumn, PlanError> {
        let Column {
            name,
            nominal_type,
            default,
            ..
        } = table.column(name).ok_or_else(|| PlanError::NoColumn {
            relation: table.name.name.clone(),
            column: name.to_owned(),
        })?;
        let transform = self.cache.representation("json", nominal_type).cloned();
        let read_as = if transform.is_some() {
            "json".to_owned()
        } else {
            nominal_type.clone()
        };
        Ok(WriteColumn {
            name: name.clone(),
            read_as,
            transform,
            default: default.clone(),
        })
    }

    fn conflict(self, table: &Table) -> Option<(Resolution, Vec<String>)> {
        let resolution = self.request.preferences.resolution?;
        let columns = self
            .request
            .query
            .on_conflict
            .clone()
            .unwrap_or_else(|| table.primary_key.clone());
        (!columns.is_empty()).then_some((resolution, columns))
    }

    fn root_conditions(self, table: &Table) -> Vec<Condition> {
        let resolver = Resolver::new(self.cache, &table.name);
        let query = &self.request.query;
        let filters = query.filters.iter().filter(|scoped| scoped.path.is_empty());
        let logic = query.logic.iter().filter(|scoped| scoped.path.is_empty());
        let mut conditions: Vec<Condition> = filters
            .map(|scoped| filter::test(resolver, &scoped.item))
            .collect();
        conditions.extend(logic.map(|scoped| filter::tree(resolver, &scoped.item)));
        conditions
    }

    /// PUT addresses one row: its filters are the primary key, each column once, and nothing else.
    fn check_put(self, table: &Table) -> Result<(), PlanError> {
        let query = &self.request.query;
        let root = || {
            query
                .filters
                .iter()
                .filter(|scoped| scoped.path.is_empty())
                .map(|scoped| &scoped.item)
        };
        let is_key = |name: &String| table.primary_key.contains(name);
        let all_keys = table
            .primary_key
            .iter()
            .all(|name| query.filter_keys.contains(name));
        let ok = query.logic.is_empty()
            && !table.primary_key.is_empty()
            && all_keys
            && query.filter_keys.iter().all(is_key)
            && root().all(is_plain_equality);
        if ok {
            Ok(())
        } else {
            Err(PlanError::InvalidFilters)
        }
    }
}

fn is_plain_equality(filter: &Filter) -> bool {
    !filter.negated
        && matches!(
            filter.operation,
            Operation::Quant {
                operator: QuantOperator::Equal,
                quantifier: None,
                ..
            }
        )
}
