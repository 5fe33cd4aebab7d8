//! What a method and a path ask for.

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
