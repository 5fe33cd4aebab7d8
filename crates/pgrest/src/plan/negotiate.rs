//! Which of the accepted media types can be made, and by whom.

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::{MediaType, OpenApiVersion};
use crate::schema::{MediaHandler, MediaHandlers};

use super::Planner;
use super::read::ReadNode;

/// The shape of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who makes the body.
    pub handler: Handler,
    /// What it is.
    pub media: MediaType,
}

/// What turns rows into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// An array of objects; of a function that gives one thing, that thing.
    Json,
    /// The same without nulls.
    JsonStripped,
    /// One object.
    Object {
        /// Without nulls.
        stripped: bool,
    },
    /// A GeoJSON feature collection.
    GeoJson,
    /// Comma-separated values under a header line.
    Csv,
    /// A function of the database, of rows of one table or of any element.
    Custom(MediaHandler),
    /// There is no body.
    Nothing,
}

/// What the method wants of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Body,
    /// All but the body.
    Headers,
}

impl Planner<'_> {
    /// Picks the first accepted media type that somebody can make of the relation's rows.
    ///
    /// Handlers written for a table see its whole rows, so they apply where all columns are selected.
    pub(super) fn negotiate(
        self,
        relation: &Qualified,
        tree: &ReadNode,
        wanted: Wanted,
    ) -> Result<Answer, PlanError> {
        let makers = Makers {
            handlers: self.cache.media_handlers(),
            relation: tree.is_default_select().then_some(relation),
            plan_enabled: self.config.plan_enabled,
        };
        let found = self
            .request
            .accept
            .iter()
            .find_map(|accepted| makers.answer(accepted));
        let mut answer = found.ok_or_else(|| not_acceptable(&self.request.accept))?;
        if wanted == Wanted::Headers {
            answer.handler = Handler::Nothing;
        }
        Ok(answer)
    }
}

/// The form in which a description of the schema is accepted.
pub(super) fn openapi(accept: &[MediaType]) -> Result<OpenApiVersion, PlanError> {
    let version = accept.iter().find_map(|accepted| {
        if let MediaType::OpenApi(version) = accepted {
            return Some(*version);
        }
        matches!(accepted, MediaType::Json | MediaType::Any).then_some(OpenApiVersion::V2)
    });
    version.ok_or_else(|| not_acceptable(accept))
}

fn not_acceptable(accept: &[MediaType]) -> PlanError {
    PlanError::MediaType {
        accepted: accept.iter().map(|media| media.to_string()).collect(),
    }
}

struct Makers<'a> {
    handlers: &'a MediaHandlers,
    relation: Option<&'a Qualified>,
    plan_enabled: bool,
}

impl Makers<'_> {
    fn answer(&self, accepted: &MediaType) -> Option<Answer> {
        if let MediaType::Plan { of, .. } = accepted {
            let handler = self.answer(of).filter(|_| self.plan_enabled)?.handler;
            return Some(Answer {
                handler,
                media: accepted.clone(),
            });
        }
        self.fixed(accepted)
            .or_else(|| self.custom(accepted))
            .or_else(|| built_in(accepted))
    }

    /// What nobody can override.
    fn fixed(&self, accepted: &MediaType) -> Option<Answer> {
        let handler = if let MediaType::Object { stripped } = accepted {
            Handler::Object { stripped: *stripped }
        } else if *accepted == MediaType::ArrayStripped {
            Handler::JsonStripped
        } else {
            return None;
        };
        Some(Answer {
            handler,
            media: accepted.clone(),
        })
    }

    fn custom(&self, accepted: &MediaType) -> Option<Answer> {
        let mime = accepted.to_string();
        let of_relation = self.relation.and_then(|relation| {
            let find = |mime| self.handlers.find(Some(relation), mime);
            find("*/*").or_else(|| find(&mime))
        });
        let handler = of_relation.or_else(|| self.handlers.find(None, &mime))?;
        Some(Answer {
            handler: Handler::Custom(handler.clone()),
            media: MediaType::parse(&handler.produced),
        })
    }
}

fn built_in(accepted: &MediaType) -> Option<Answer> {
    let (handler, media) = match accepted {
        MediaType::Any | MediaType::Json => (Handler::Json, MediaType::Json),
        MediaType::Csv => (Handler::Csv, MediaType::Csv),
        MediaType::GeoJson => (Handler::GeoJson, MediaType::GeoJson),
        MediaType::ArrayStripped
        | MediaType::Object { .. }
        | MediaType::Text
        | MediaType::Xml
        | MediaType::OpenApi(_)
        | MediaType::Form
        | MediaType::Binary
        | MediaType::Plan { .. }
        | MediaType::Other(_) => return None,
    };
    Some(Answer { handler, media })
}
