//! What a method and a path ask for.

use super::RequestConfig;
use crate::error::RequestError;

/// The intent of a request and the name it is aimed at.
///
/// Names are as the caller wrote them; the schema is in [`ApiRequest::schema`](super::ApiRequest).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// GET or HEAD of a table or view.
    Read {
        /// The relation.
        relation: String,
        /// HEAD: everything but the body.
        headers_only: bool,
    },
    /// POST, PATCH, PUT or DELETE of a table or view.
    Mutate {
        /// The relation.
        relation: String,
        /// Which of the four.
        mutation: Mutation,
    },
    /// A function: `/rpc/name`, or `/` when a root routine is configured.
    Call {
        /// The function's name.
        routine: String,
        /// Which method called it.
        invocation: Invocation,
    },
    /// `/`: the description of the schema.
    Inspect {
        /// HEAD: everything but the body.
        headers_only: bool,
    },
    /// OPTIONS: which methods are allowed.
    Info(Info),
}

/// A write to one relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// POST; an upsert when a resolution is preferred.
    Create,
    /// PATCH.
    Update,
    /// PUT of one row addressed by its primary key.
    SingleUpsert,
    /// DELETE.
    Delete,
}

/// How a function was called; GET and HEAD promise not to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocation {
    /// GET: arguments are in the query string, the transaction is read-only.
    Get,
    /// HEAD: as GET, without the body.
    Head,
    /// POST: arguments are in the body.
    Post,
}

impl Invocation {
    /// Whether the method promises not to write.
    #[must_use]
    pub const fn is_safe(self) -> bool {
        match self {
            Self::Get | Self::Head => true,
            Self::Post => false,
        }
    }
}

/// What an OPTIONS request asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Info {
    /// A table or view.
    Relation(String),
    /// A function.
    Routine(String),
    /// The root.
    Schema,
}

impl Action {
    /// Reads the path's segments, decoded, after the mount point, and the method.
    pub(super) fn read(
        config: &RequestConfig,
        method: &str,
        segments: &[String],
    ) -> Result<Self, RequestError> {
        match segments {
            [] => root(config, method),
            [relation] => on_relation(relation, method),
            [rpc, routine] if rpc == "rpc" => on_routine(routine, method),
            [_, ..] => Err(RequestError::InvalidPath),
        }
    }

    /// Whether parameters that are no filters are arguments: of a call without a body, or of the function
    /// that OPTIONS asks about, which they tell from its overloads.
    #[must_use]
    pub fn takes_arguments(&self) -> bool {
        match self {
            Self::Call { invocation, .. } => invocation.is_safe(),
            Self::Info(Info::Routine(_)) => true,
            Self::Info(Info::Relation(_) | Info::Schema)
            | Self::Read { .. }
            | Self::Mutate { .. }
            | Self::Inspect { .. } => false,
        }
    }
}

fn root(config: &RequestConfig, method: &str) -> Result<Action, RequestError> {
    if !config.openapi {
        return Err(RequestError::OpenApiDisabled);
    }
    if let Some(routine) = &config.root_routine {
        return on_routine(routine, method);
    }
    match method {
        "GET" => Ok(Action::Inspect { headers_only: false }),
        "HEAD" => Ok(Action::Inspect { headers_only: true }),
        "OPTIONS" => Ok(Action::Info(Info::Schema)),
        _ => Err(unsupported(method)),
    }
}

fn on_relation(relation: &str, method: &str) -> Result<Action, RequestError> {
    let relation = relation.to_owned();
    let mutate = |relation, mutation| Ok(Action::Mutate { relation, mutation });
    match method {
        "GET" => Ok(Action::Read {
            relation,
            headers_only: false,
        }),
        "HEAD" => Ok(Action::Read {
            relation,
            headers_only: true,
        }),
        "POST" => mutate(relation, Mutation::Create),
        "PATCH" => mutate(relation, Mutation::Update),
        "PUT" => mutate(relation, Mutation::SingleUpsert),
        "DELETE" => mutate(relation, Mutation::Delete),
        "OPTIONS" => Ok(Action::Info(Info::Relation(relation))),
        _ => Err(unsupported(method)),
    }
}

fn on_routine(routine: &str, method: &str) -> Result<Action, RequestError> {
    let routine = routine.to_owned();
    let call = |routine, invocation| Ok(Action::Call { routine, invocation });
    match method {
        "GET" => call(routine, Invocation::Get),
        "HEAD" => call(routine, Invocation::Head),
        "POST" => call(routine, Invocation::Post),
        "OPTIONS" => Ok(Action::Info(Info::Routine(routine))),
        _ => Err(RequestError::InvalidRpcMethod {
            method: method.to_owned(),
        }),
    }
}

fn unsupported(method: &str) -> RequestError {
    RequestError::UnsupportedMethod {
        method: method.to_owned(),
    }
}
