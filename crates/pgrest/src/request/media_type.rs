//! Media types, in `Accept` and in `Content-Type`.

/// A media type as far as it changes what is done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/vnd.pgrst.array+json;nulls=stripped`
    ArrayStripped,
    /// `application/vnd.pgrst.object+json`: exactly one row, without the array around it.
    Object {
        /// `nulls=stripped`
        stripped: bool,
    },
    /// `application/geo+json`
    GeoJson,
    /// `text/csv`
    Csv,
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
    /// `application/openapi+json`
    OpenApi,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/octet-stream`
    Binary,
    /// `*/*`
    Any,
    /// `application/vnd.pgrst.plan`
    Plan {
        /// The media type whose statement is explained.
        of: Box<MediaType>,
        /// How the plan is printed.
        format: PlanFormat,
        /// EXPLAIN's options.
        options: Vec<PlanOption>,
    },
    /// Anything else, as sent: the database may have a handler for it.
    Other(String),
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanFormat {
    /// `+text`
    Text,
    /// `+json`
    Json,
}

/// EXPLAIN's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanOption {
    /// `analyze`
    Analyze,
    /// `verbose`
    Verbose,
    /// `settings`
    Settings,
    /// `buffers`
    Buffers,
    /// `wal`
    Wal,
}
