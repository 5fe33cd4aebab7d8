//! How old an answer may be: fresh, stale, last known, gone.

use crate::time::{Span, UnixTime};

/// How long an answer is good for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Given without asking the server.
    pub fresh: Span,
    /// So long after that, given at once while the server is asked.
    pub stale: Span,
    /// Kept so long from the beginning, to be given when there is no other answer.
    pub kept: Span,
}

/// What an answer is at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Inside its time to live.
    Fresh,
    /// Past it: good while a new one is fetched.
    Stale,
    /// Past that too: the last known answer, for want of another.
    LastKnown,
    /// Not to be given any more.
    Gone,
}

/// What a `Cache-Control` asks of whoever keeps the answer. `private` asks nothing here: the answers of one user are
/// kept for that user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// It is not to be kept.
    pub no_store: bool,
    /// It is not to be given without asking the server.
    pub no_cache: bool,
    /// Past its time it is not to be given, whatever happens.
    pub must_revalidate: bool,
    /// Its time to live at most.
    pub max_age: Option<Span>,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            fresh: Span::from_secs(60),
            stale: Span::from_secs(300),
            kept: Span::from_secs(86_400),
        }
    }
}

impl Lifetimes {
    /// These, shortened by what the answer's own header allows.
    #[must_use]
    pub fn within(self, directives: &Directives) -> Self {
        let limit = if directives.no_cache {
            Some(Span::ZERO)
        } else {
            directives.max_age
        };
        let fresh = limit.map_or(self.fresh, |limit| self.fresh.min(limit));
        if directives.must_revalidate {
            return Self {
                fresh,
                stale: Span::ZERO,
                kept: fresh,
            };
        }
        let stale = if directives.no_cache {
            Span::ZERO
        } else {
            self.stale
        };
        Self {
            fresh,
            stale,
            kept: self.kept,
        }
    }

    /// What an answer is that was stored at that instant. One from the future is no more than the last known: the
    /// clock was set back, and its age cannot be told.
    #[must_use]
    pub fn judge(&self, stored: UnixTime, now: UnixTime) -> Age {
        let age = now.since(stored);
        let fresh_and_stale = self.fresh.plus(self.stale);
        if stored > now {
            Age::LastKnown
        } else if age < self.fresh {
            Age::Fresh
        } else if age < fresh_and_stale {
            Age::Stale
        } else if age < self.kept {
            Age::LastKnown
        } else {
            Age::Gone
        }
    }
}

impl Directives {
    /// Reads a header; what it does not know it passes over.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        let mut directives = Self::default();
        for part in header.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => directives.no_store = true,
                "no-cache" => directives.no_cache = true,
                "must-revalidate" => directives.must_revalidate = true,
                "max-age" => directives.max_age = seconds(value),
                _ => (),
            }
        }
        directives
    }
}

fn seconds(text: &str) -> Option<Span> {
    text.trim().trim_matches('"').parse().ok().map(Span::from_secs)
}
