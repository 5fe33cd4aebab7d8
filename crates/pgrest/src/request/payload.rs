//! The body of a write or of a call.

mod csv;
mod form;
mod json;

use std::collections::BTreeSet;

use super::{Action, Invocation, MediaType, Mutation};
use crate::error::RequestError;

/// A body, as far as it must be understood before the database sees it.
///
/// JSON stays text: PostgreSQL parses it anyway, and a tree of a large body costs many times its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON (or CSV, or a form, turned into JSON) that was looked at: an object, or an array of objects
    /// which all have the same keys.
    Json {
        /// The text.
        text: String,
        /// The keys.
        keys: BTreeSet<String>,
    },
    /// JSON that was not looked at, because `columns=` says which keys count.
    RawJson(String),
    /// A form posted to a function: its arguments, repeats kept for variadics.
    Form {
        /// Name and value, in order.
        pairs: Vec<(String, String)>,
        /// The names.
        keys: BTreeSet<String>,
    },
    /// Text, XML or bytes for a function's single unnamed parameter.
    Raw(Vec<u8>),
}

impl Payload {
    /// The body as the text of one bind, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Json { text, .. } | Self::RawJson(text) => Some(text),
            Self::Raw(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Form { .. } => None,
        }
    }
}

/// Reads a body, for the actions that have one. `columns` says that keys need no looking at.
pub(super) fn read(
    action: &Action,
    content_type: &MediaType,
    columns: Option<&BTreeSet<String>>,
    body: &[u8],
) -> Result<Option<Payload>, RequestError> {
    match action {
        Action::Mutate {
            mutation: Mutation::Create | Mutation::Update,
            ..
        } => for_relation(content_type, columns, body).map(Some),
        Action::Mutate {
            mutation: Mutation::SingleUpsert,
            ..
        } => for_relation(content_type, None, body).map(Some),
        Action::Call {
            invocation: Invocation::Post,
            ..
        } => for_routine(content_type, columns, body).map(Some),
        Action::Mutate {
            mutation: Mutation::Delete,
            ..
        }
        | Action::Call {
            invocation: Invocation::Get | Invocation::Head,
            ..
        }
        | Action::Read { .. }
        | Action::Inspect { .. }
        | Action::Info(_) => Ok(None),
    }
}

/// The columns a body provides: what `columns` says where keys were not looked at, else the keys.
pub(super) fn provided(payload: Option<&Payload>, columns: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    match payload {
        Some(Payload::Json { keys, .. } | Payload::Form { keys, .. }) => keys.clone(),
        Some(Payload::RawJson(_)) => columns.cloned().unwrap_or_default(),
        Some(Payload::Raw(_)) | None => BTreeSet::new(),
    }
}

fn for_relation(
    content_type: &MediaType,
    columns: Option<&BTreeSet<String>>,
    body: &[u8],
) -> Result<Payload, RequestError> {
    match content_type {
        MediaType::Json if columns.is_some() => json::unread(body),
        MediaType::Json => json::read(body),
        MediaType::Csv => csv::read(body),
        MediaType::Form => form::as_object(body),
        MediaType::ArrayStripped
        | MediaType::Object { .. }
        | MediaType::GeoJson
        | MediaType::Text
        | MediaType::Xml
        | MediaType::OpenApi(_)
        | MediaType::Binary
        | MediaType::Any
        | MediaType::Plan { .. }
        | MediaType::Other(_) => Err(not_acceptable(content_type)),
    }
}

fn for_routine(
    content_type: &MediaType,
    columns: Option<&BTreeSet<String>>,
    body: &[u8],
) -> Result<Payload, RequestError> {
    match content_type {
        MediaType::Json if columns.is_some() => json::unread(body),
        MediaType::Json if body.is_empty() => json::read(b"{}"),
        MediaType::Json => json::read(body),
        MediaType::Csv => csv::read(body),
        MediaType::Form => form::as_arguments(body),
        MediaType::Text | MediaType::Xml | MediaType::Binary => Ok(Payload::Raw(body.to_vec())),
        MediaType::ArrayStripped
        | MediaType::Object { .. }
        | MediaType::GeoJson
        | MediaType::OpenApi(_)
        | MediaType::Any
        | MediaType::Plan { .. }
        | MediaType::Other(_) => Err(not_acceptable(content_type)),
    }
}

fn not_acceptable(content_type: &MediaType) -> RequestError {
    invalid(format!("Content-Type not acceptable: {content_type}"))
}

fn invalid(message: impl Into<String>) -> RequestError {
    RequestError::InvalidBody {
        message: message.into(),
    }
}
