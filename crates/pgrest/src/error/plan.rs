//! Errors of the PLAN stage: the request is well formed, and the schema has nothing that answers it.

use serde_json::{Value, json};

use super::{code::Code, report::Report};
use crate::request::MediaType;

/// Why a request cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// PUT without exactly its primary key.
    #[error("Filters must include all and only primary key columns with 'eq' operators")]
    InvalidFilters,
    /// None of the accepted media types can be produced.
    #[error("None of these media types are available: {}", .accepted.join(", "))]
    MediaType {
        /// What the caller accepts.
        accepted: Vec<String>,
    },
    /// A filter, order or limit on something not embedded.
    #[error("'{resource}' is not an embedded resource in this request")]
    NotEmbedded {
        /// The name used.
        resource: String,
        /// The alias it must be called by, if that is the trouble.
        alias: Option<String>,
    },
    /// Order by a to-many embed.
    #[error("A related order on '{target}' is not possible")]
    RelatedOrder {
        /// The ordered relation.
        origin: String,
        /// The embed.
        target: String,
    },
    /// An embed tested for something other than null.
    #[error("Bad operator on the '{target}' embedded resource")]
    UnacceptableFilter {
        /// The embed.
        target: String,
    },
    /// Aggregates, when switched off.
    #[error("Use of aggregate functions is not allowed")]
    AggregatesNotAllowed,
    /// Embeds inside each other beyond the role's bound.
    #[error("The request embeds {depth} levels deep, and {limit} are allowed")]
    EmbedDepth {
        /// How deep it goes.
        depth: usize,
        /// How deep it may.
        limit: usize,
    },
    /// More embeds than the role's bound.
    #[error("The request embeds {embeds} resources, and {limit} are allowed")]
    EmbedCount {
        /// How many there are.
        embeds: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An embed of a relation that is not embedded.
    #[error("Embedding '{relation}' is not allowed")]
    EmbedOff {
        /// The relation.
        relation: String,
    },
    /// A combination nobody has built.
    #[error("Feature not implemented")]
    NotImplemented {
        /// Which.
        details: String,
    },
    /// `max-affected` on a function that returns one value.
    #[error("Function must return SETOF or TABLE when max-affected preference is used with handling=strict")]
    MaxAffectedRpc,
    /// No relationship.
    #[error("Could not find a relationship between '{parent}' and '{child}' in the schema cache")]
    NoRelationship {
        /// The embedding relation.
        parent: String,
        /// The embedded name.
        child: String,
        /// The embed hint, where one was given.
        embed_hint: Option<String>,
        /// The schema searched.
        schema: String,
        /// What was perhaps meant: `(right, wrong)`.
        suggestion: Option<Box<(String, String)>>,
    },
    /// Several relationships.
    #[error("Could not embed because more than one relationship was found for '{parent}' and '{child}'")]
    AmbiguousRelationship {
        /// The embedding relation.
        parent: String,
        /// The embedded name.
        child: String,
        /// The ones that would do.
        candidates: Vec<RelationshipCandidate>,
    },
    /// No function.
    #[error("{}", no_routine_message(.0))]
    NoRoutine(Box<RoutineSearch>),
    /// Several functions, each as `schema.name(parameter => type, …)`.
    #[error("Could not choose the best candidate function between: {}", .candidates.join(", "))]
    AmbiguousRoutine {
        /// The ones that would do.
        candidates: Vec<String>,
    },
    /// No such column.
    #[error("Could not find the '{column}' column of '{relation}' in the schema cache")]
    NoColumn {
        /// The relation.
        relation: String,
        /// The column.
        column: String,
    },
    /// No such table or view.
    #[error("Could not find the table '{schema}.{relation}' in the schema cache")]
    NoTable {
        /// The schema searched.
        schema: String,
        /// The name asked for.
        relation: String,
        /// A table of a similar name.
        suggestion: Option<String>,
    },
}

/// One of several relationships that would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationshipCandidate {
    /// `one-to-many`, `many-to-one`, `one-to-one` or `many-to-many`.
    pub cardinality: &'static str,
    /// The constraint or junction with its columns.
    pub relationship: String,
    /// `parent with child`
    pub embedding: String,
    /// `child!constraint`: what to write instead.
    pub instead: String,
}

/// A search for a function that found none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutineSearch {
    /// The schema searched.
    pub schema: String,
    /// The name asked for.
    pub name: String,
    /// The arguments given, sorted.
    pub arguments: Vec<String>,
    /// What the body was.
    pub content_type: MediaType,
    /// Whether it was posted, so that a single unnamed parameter could have taken the body.
    pub posted: bool,
    /// The name, or name and parameters, of a similar function: `name(a, b)`.
    pub suggestion: Option<String>,
}

impl PlanError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::InvalidFilters => Code::InvalidFilters,
            Self::MediaType { .. } => Code::MediaType,
            Self::NotEmbedded { .. } => Code::NotEmbedded,
            Self::RelatedOrder { .. } => Code::RelatedOrder,
            Self::UnacceptableFilter { .. } => Code::UnacceptableFilter,
            Self::AggregatesNotAllowed => Code::AggregatesNotAllowed,
            Self::EmbedDepth { .. } => Code::EmbedDepth,
            Self::EmbedCount { .. } => Code::EmbedCount,
            Self::EmbedOff { .. } => Code::EmbedOff,
            Self::NotImplemented { .. } => Code::NotImplemented,
            Self::MaxAffectedRpc => Code::MaxAffectedRpc,
            Self::NoRelationship { .. } => Code::NoRelationship,
            Self::AmbiguousRelationship { .. } => Code::AmbiguousRelationship,
            Self::NoRoutine(_) => Code::NoRoutine,
            Self::AmbiguousRoutine { .. } => Code::AmbiguousRoutine,
            Self::NoColumn { .. } => Code::NoColumn,
            Self::NoTable { .. } => Code::NoTable,
        }
    }

    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(self.code(), self.to_string())
            .details(self.details())
            .hint(self.hint())
    }

    fn details(&self) -> Option<Value> {
        match self {
            Self::NotEmbedded { alias: Some(_), .. } => Some(json!(
                "Target names are not allowed in filters if they have an alias"
            )),
            Self::RelatedOrder { origin, target } => Some(json!(format!(
                "'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"
            ))),
            Self::UnacceptableFilter { .. } => Some(json!(
                "Only is null or not is null filters are allowed on embedded resources"
            )),
            Self::NotImplemented { details } => Some(json!(details)),
            Self::NoRelationship {
                parent,
                child,
                embed_hint,
                schema,
                ..
            } => Some(json!(no_relationship_details(
                parent,
                child,
                embed_hint.as_deref(),
                schema
            ))),
            Self::AmbiguousRelationship { candidates, .. } => {
                Some(candidates.iter().map(RelationshipCandidate::summary).collect())
            }
            Self::NoRoutine(search) => Some(json!(no_routine_details(search))),
            Self::InvalidFilters
            | Self::MediaType { .. }
            | Self::NotEmbedded { alias: None, .. }
            | Self::AggregatesNotAllowed
            | Self::EmbedDepth { .. }
            | Self::EmbedCount { .. }
            | Self::EmbedOff { .. }
            | Self::MaxAffectedRpc
            | Self::AmbiguousRoutine { .. }
            | Self::NoColumn { .. }
            | Self::NoTable { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmbedded { resource, alias: None } => Some(format!(
                "Verify that '{resource}' is included in the 'select' query parameter."
            )),
            Self::NotEmbedded {
                resource,
                alias: Some(alias),
            } => Some(format!(
                "Change '{resource}' to '{alias}' in filters, orders or limits."
            )),
            Self::NoRelationship { suggestion, .. } => suggestion
                .as_deref()
                .map(|(right, wrong)| format!("Perhaps you meant '{right}' instead of '{wrong}'.")),
            Self::AmbiguousRelationship {
                child, candidates, ..
            } => Some(ambiguous_relationship_hint(child, candidates)),
            Self::NoRoutine(search) => no_routine_hint(search),
            Self::AmbiguousRoutine { .. } => Some(
                "Try renaming the parameters or the function itself in the database so function overloading can be resolved"
                    .to_owned(),
            ),
            Self::NoTable {
                schema, suggestion, ..
            } => suggestion
                .as_ref()
                .map(|table| format!("Perhaps you meant the table '{schema}.{table}'")),
            Self::InvalidFilters
            | Self::MediaType { .. }
            | Self::RelatedOrder { .. }
            | Self::UnacceptableFilter { .. }
            | Self::AggregatesNotAllowed
            | Self::EmbedDepth { .. }
            | Self::EmbedCount { .. }
            | Self::EmbedOff { .. }
            | Self::NotImplemented { .. }
            | Self::MaxAffectedRpc
            | Self::NoColumn { .. } => None,
        }
    }
}

impl RelationshipCandidate {
    fn summary(&self) -> Value {
        json!({
            "cardinality": self.cardinality,
            "embedding": self.embedding,
            "relationship": self.relationship,
        })
    }
}

impl RoutineSearch {
    /// Whether only a single unnamed parameter could have taken such a body.
    fn needs_single_unnamed(&self) -> bool {
        self.posted
            && matches!(
                self.content_type,
                MediaType::Text | MediaType::Xml | MediaType::Binary
            )
    }
}

fn no_relationship_details(parent: &str, child: &str, embed_hint: Option<&str>, schema: &str) -> String {
    let using = embed_hint.map_or_else(String::new, |hint| format!("' using the hint '{hint}"));
    format!(
        "Searched for a foreign key relationship between '{parent}' and '{child}{using}' in the schema '{schema}', but no matches were found."
    )
}

fn ambiguous_relationship_hint(child: &str, candidates: &[RelationshipCandidate]) -> String {
    let instead: Vec<_> = candidates
        .iter()
        .map(|candidate| format!("'{}'", candidate.instead))
        .collect();
    format!(
        "Try changing '{child}' to one of the following: {}. Find the desired relationship in the 'details' key.",
        instead.join(", ")
    )
}

fn no_routine_message(search: &RoutineSearch) -> String {
    let RoutineSearch { schema, name, .. } = search;
    let parameters = match search.arguments.as_slice() {
        _ if search.needs_single_unnamed() => String::new(),
        [] => " without parameters".to_owned(),
        arguments => format!("({})", arguments.join(", ")),
    };
    format!("Could not find the function {schema}.{name}{parameters} in the schema cache")
}

fn no_routine_details(search: &RoutineSearch) -> String {
    let RoutineSearch { schema, name, .. } = search;
    let parameters = match search.arguments.as_slice() {
        [] => " without parameters".to_owned(),
        [one] => format!(" with parameter {one}"),
        several => format!(" with parameters {}", several.join(", ")),
    };
    let with = match (search.posted, &search.content_type) {
        (true, MediaType::Text) => " with a single unnamed text parameter".to_owned(),
        (true, MediaType::Xml) => " with a single unnamed xml parameter".to_owned(),
        (true, MediaType::Binary) => " with a single unnamed bytea parameter".to_owned(),
        (true, MediaType::Json) => format!("{parameters} or with a single unnamed json/jsonb parameter"),
        _ => parameters,
    };
    format!("Searched for the function {schema}.{name}{with}, but no matches were found in the schema cache.")
}

fn no_routine_hint(search: &RoutineSearch) -> Option<String> {
    if search.needs_single_unnamed() {
        return None;
    }
    let suggestion = search.suggestion.as_ref()?;
    Some(format!(
        "Perhaps you meant to call the function {}.{suggestion}",
        search.schema
    ))
}
