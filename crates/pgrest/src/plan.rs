//! Stage 3, PLAN: the request held against the schema cache.
//!
//! A [`Plan`] says which relations are read, written or called, with every name resolved, every embed joined and
//! every aggregate where it belongs. It fails with a [`PlanError`] where the request makes no sense for this
//! database. It holds no SQL: values are still what the request sent, and names are still names.

mod arguments;
mod bounds;
pub mod call;
mod candidates;
mod embed;
pub mod field;
pub mod filter;
pub mod mutate;
pub mod negotiate;
pub mod read;
mod returning;
mod routine;
mod scope;
mod spread;
mod suggest;
mod tree;

pub use bounds::{Bounds, Relations};
pub use call::{Arguments, CallPlan, Parameters};
pub use field::{ResolvedField, Target};
pub use filter::Condition;
pub use mutate::{MutatePlan, Write, WriteColumn};
pub use negotiate::{Answer, Handler};
pub use read::{
    Aggregated, Embed, JoinCondition, OrderBy, ReadNode, SelectedColumn, Shape, Source, SpreadColumn,
};

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::{Action, ApiRequest, Count, Info, Invocation, OpenApiVersion, RowRange};
use crate::schema::{Routine, SchemaCache, Table};

use negotiate::Wanted;
use scope::Scope;
use tree::TreeBuilder;

const MOST_SEARCHED: usize = 500;
const MIN_SCORE: f64 = 0.75;

/// What planning must know of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanConfig {
    /// Relations over which aggregate functions may be used.
    pub aggregates: Relations,
    /// Relations that are not embedded, whatever their keys say.
    pub unembeddable: Relations,
    /// What the role that asks may ask for.
    pub bounds: Bounds,
    /// Execution plans may be asked for.
    pub plan_enabled: bool,
    /// An aliased embed also answers to its relation's name in filters, orders and limits.
    pub legacy_target_names: bool,
}

impl Default for PlanConfig {
    fn default() -> Self {
        Self {
            aggregates: Relations::None,
            unembeddable: Relations::None,
            bounds: Bounds::default(),
            plan_enabled: false,
            legacy_target_names: true,
        }
    }
}

/// What will be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Read a relation.
    Read(ReadPlan),
    /// Write to a relation and read what was written.
    Mutate(MutatePlan),
    /// Call a function and read what it gives.
    Call(CallPlan),
    /// Describe a schema.
    Inspect(InspectPlan),
    /// Say which methods are allowed; no database is needed.
    Info(InfoPlan),
}

/// Reads a relation.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlan {
    /// What is read.
    pub tree: ReadNode,
    /// In which shape.
    pub answer: Answer,
    /// Nobody wants the body.
    pub headers_only: bool,
    /// How the total is counted.
    pub counting: Counting,
}

/// How the total is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// The kind of count asked for.
    pub wanted: Option<Count>,
    /// Rows asked for at the top level.
    pub range: RowRange,
    /// Most rows that are given.
    pub max_rows: Option<i64>,
}

/// Describes a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectPlan {
    /// The schema.
    pub schema: String,
    /// In which form.
    pub version: OpenApiVersion,
    /// Nobody wants the body.
    pub headers_only: bool,
}

/// Says which methods are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InfoPlan {
    /// On a relation.
    Relation(Table),
    /// On a function.
    Routine(Routine),
    /// On the root.
    Schema,
}

/// Whether a transaction may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may not.
    ReadOnly,
    /// It may.
    ReadWrite,
}

impl Plan {
    /// Plans a request.
    ///
    /// # Errors
    ///
    /// When the request names what is not there, is ambiguous, or asks for what is not allowed.
    pub fn new(request: &ApiRequest, cache: &SchemaCache, config: &PlanConfig) -> Result<Self, PlanError> {
        Planner {
            request,
            cache,
            config,
        }
        .plan()
    }

    /// Whether the transaction may write.
    #[must_use]
    pub const fn access(&self) -> Access {
        match self {
            Self::Mutate(_) => Access::ReadWrite,
            Self::Call(call) => call.access,
            Self::Read(_) | Self::Inspect(_) | Self::Info(_) => Access::ReadOnly,
        }
    }

    /// The isolation level that a called function asks for.
    #[must_use]
    pub fn isolation(&self) -> Option<&str> {
        match self {
            Self::Call(call) => call.routine.isolation.as_deref(),
            Self::Read(_) | Self::Mutate(_) | Self::Inspect(_) | Self::Info(_) => None,
        }
    }

    /// The shape of the answer, where rows are answered.
    #[must_use]
    pub const fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Read(read) => Some(&read.answer),
            Self::Mutate(mutate) => Some(&mutate.answer),
            Self::Call(call) => Some(&call.answer),
            Self::Inspect(_) | Self::Info(_) => None,
        }
    }

    /// Embeds that were named by their relation although they have an alias: (relation, alias).
    #[must_use]
    pub fn misnamed_embeds(&self) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        let mut rest: Vec<&Embed> = self.tree().into_iter().flat_map(|tree| &tree.embeds).collect();
        while let Some(embed) = rest.pop() {
            found.extend(
                embed
                    .misnamed
                    .as_deref()
                    .map(|relation| (relation, embed.name.as_str())),
            );
            rest.extend(&embed.node.embeds);
        }
        found
    }

    /// What is read, where rows are read.
    #[must_use]
    pub const fn tree(&self) -> Option<&ReadNode> {
        match self {
            Self::Read(read) => Some(&read.tree),
            Self::Mutate(mutate) => Some(&mutate.tree),
            Self::Call(call) => Some(&call.tree),
            Self::Inspect(_) | Self::Info(_) => None,
        }
    }
}

/// The three things that planning looks at.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    request: &'a ApiRequest,
    cache: &'a SchemaCache,
    config: &'a PlanConfig,
}

impl<'a> Planner<'a> {
    fn plan(self) -> Result<Plan, PlanError> {
        self.config.bounds.check(&self.request.query.select)?;
        Ok(match &self.request.action {
            Action::Read {
                relation,
                headers_only,
            } => Plan::Read(self.read(relation, *headers_only)?),
            Action::Mutate { relation, mutation } => Plan::Mutate(self.mutate(relation, *mutation)?),
            Action::Call { routine, invocation } => Plan::Call(self.call(routine, *invocation)?),
            Action::Inspect { headers_only } => Plan::Inspect(InspectPlan {
                schema: self.request.schema.clone(),
                version: negotiate::openapi(&self.request.accept)?,
                headers_only: *headers_only,
            }),
            Action::Info(Info::Relation(relation)) => {
                Plan::Info(InfoPlan::Relation(self.table(relation)?.clone()))
            }
            Action::Info(Info::Routine(routine)) => {
                Plan::Info(InfoPlan::Routine(self.call(routine, Invocation::Get)?.routine))
            }
            Action::Info(Info::Schema) => Plan::Info(InfoPlan::Schema),
        })
    }

    fn read(self, relation: &str, headers_only: bool) -> Result<ReadPlan, PlanError> {
        let table = self.table(relation)?;
        let mut scope = Scope::of(&self.request.query, self.config.legacy_target_names)?;
        scope.range = self.request.range;
        let builder = TreeBuilder {
            cache: self.cache,
            config: self.config,
            max_rows: self.config.bounds.max_rows,
        };
        let tree = builder.root(&table.name, Source::Relation, &self.request.query.select, scope)?;
        let wanted = if headers_only {
            Wanted::Headers
        } else {
            Wanted::Body
        };
        let answer = self.negotiate(&table.name, &tree, wanted)?;
        Ok(ReadPlan {
            tree,
            answer,
            headers_only,
            counting: self.counting(),
        })
    }

    fn table(self, relation: &str) -> Result<&'a Table, PlanError> {
        let name = Qualified::new(self.request.schema.clone(), relation);
        self.cache.table(&name).ok_or_else(|| {
            let suggestion = self.similar_table(&name);
            PlanError::NoTable {
                schema: name.schema,
                relation: name.name,
                suggestion,
            }
        })
    }

    /// Only in a schema of reasonable size: the search looks at every name.
    fn similar_table(self, wanted: &Qualified) -> Option<String> {
        let names: Vec<&str> = self
            .cache
            .tables()
            .filter(|table| table.name.schema == wanted.schema)
            .map(|table| table.name.name.as_str())
            .collect();
        if names.len() >= MOST_SEARCHED {
            return None;
        }
        let (_, name) = suggest::nearest(names, &wanted.name, MIN_SCORE)?;
        Some(name.to_owned())
    }

    fn counting(self) -> Counting {
        Counting {
            wanted: self.request.preferences.count,
            range: self.request.range,
            max_rows: self.config.bounds.max_rows,
        }
    }
}
