//! Custom media types: who makes what out of which rows.

use std::collections::HashMap;

use crate::ident::Qualified;

use super::catalogue::MediaHandlerRow;

/// A function, usually an aggregate, that makes a body of a media type of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaHandler {
    /// The function.
    pub function: Qualified,
    /// The table it takes rows of; nothing means any element.
    pub target: Option<Qualified>,
    /// The media type it makes.
    pub produced: String,
}

/// Handlers by target and by the media type that asks for them.
#[derive(Debug, Clone, Default)]
pub struct MediaHandlers(HashMap<(Option<Qualified>, String), MediaHandler>);

impl MediaHandlers {
    /// The handler for a relation, or for any element where `target` is nothing.
    #[must_use]
    pub fn find(&self, target: Option<&Qualified>, accepted: &str) -> Option<&MediaHandler> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&(target.cloned(), accepted.to_owned()))
    }
}

impl FromIterator<MediaHandlerRow> for MediaHandlers {
    fn from_iter<I: IntoIterator<Item = MediaHandlerRow>>(rows: I) -> Self {
        let entry = |row: MediaHandlerRow| {
            let handler = MediaHandler {
                function: row.function,
                target: row.target.clone(),
                produced: row.produced,
            };
            ((row.target, row.accepted), handler)
        };
        Self(rows.into_iter().map(entry).collect())
    }
}
