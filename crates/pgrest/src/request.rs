//! Stage 1, PARSE: what a request asks for, before anyone knows whether it makes sense.
//!
//! [`ApiRequest::parse`] turns a method, a path, a query string, headers and a body into one value
//! that can be printed, compared and tested. It promises that the request is well formed, never that
//! the table exists, the column is there or the caller may see it: that is the plan's business. It
//! knows neither the schema cache nor SQL, and it performs no I/O.

pub mod action;
pub mod context;
pub mod field;
pub mod filter;
pub mod grammar;
pub mod media_type;
pub mod order;
pub mod payload;
pub mod preferences;
pub mod query;
pub mod range;
pub mod select;

mod parse;

use std::collections::BTreeSet;

pub use action::{Action, Info, Invocation, Mutation};
pub use context::HttpContext;
pub use field::{Arrow, Field, JsonOperand, JsonStep};
pub use filter::{
    BinaryOperator, Filter, FullTextOperator, IsValue, LogicOperator, LogicTree, Operation, QuantOperator,
    Quantifier,
};
pub use media_type::{MediaType, OpenApiVersion, PlanFormat, PlanOption};
pub use order::{Direction, Nulls, OrderTerm};
pub use parse::RawRequest;
pub use payload::Payload;
pub use preferences::{Count, Handling, Missing, Preferences, Representation, Resolution, TxEnd};
pub use query::{EmbedPath, Query, Scoped};
pub use range::RowRange;
pub use select::{Aggregate, Join, SelectColumn, SelectEmbed, SelectItem};

/// One request, understood but not yet believed.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiRequest {
    /// What to do, and to which relation or routine.
    pub action: Action,
    /// The schema chosen by profile header, or the first exposed one.
    pub schema: String,
    /// Whether the answer names its schema (`Content-Profile`): a profile was sent, or several are exposed.
    pub schema_negotiated: bool,
    /// The query string: select tree, filters, logic, order, embedded ranges, raw parameters.
    pub query: Query,
    /// Rows asked for at the top level: `limit`/`offset` met with the `Range` header.
    pub range: RowRange,
    /// The body, for the actions that carry one.
    pub payload: Option<Payload>,
    /// Columns (or arguments, for a call) that the body provides: `columns=` where given, else its keys.
    pub columns: BTreeSet<String>,
    /// The `Prefer` header.
    pub preferences: Preferences,
    /// What the caller accepts, best first; never empty.
    pub accept: Vec<MediaType>,
    /// What the body claims to be; JSON when unsaid.
    pub content_type: MediaType,
    /// Method, path, headers and cookies for the `request.*` settings.
    pub context: HttpContext,
}

/// What parsing must know of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestConfig {
    /// Exposed schemas, the default first. An empty list means `public`.
    pub schemas: Vec<String>,
    /// Whether `/` describes the API; when false it answers 404 unless a root routine is set.
    pub openapi: bool,
    /// Routine that answers `/` instead of the built-in description.
    pub root_routine: Option<String>,
    /// Whether `Prefer: tx=` is honoured.
    pub tx_override: bool,
}

impl Default for RequestConfig {
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            openapi: true,
            root_routine: None,
            tx_override: false,
        }
    }
}
