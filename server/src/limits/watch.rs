//! Who is near a limit, for the operator: keys as hashes, never names.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::key::LimitKey;
use super::scope::{Check, Standing};

/// More than an operator looks through, and little memory.
const MOST: usize = 2048;

/// A key that has little left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Nearest {
    /// What it is counted under, as [`LimitKey`] reads it.
    pub(crate) key: String,
    pub(crate) scope: &'static str,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Refusals since it was first seen here.
    pub(crate) refused: u64,
}

/// The keys of one server that have little left.
#[derive(Default)]
pub(super) struct Watch(Mutex<HashMap<LimitKey, Seen>>);

#[derive(Clone, Copy)]
struct Seen {
    scope: &'static str,
    limit: u32,
    remaining: u32,
    refused: u64,
}

impl Watch {
    /// Notes a standing, if little is left or the key is known.
    pub(super) fn note(&self, check: &Check, standing: &Standing) {
        let limit = standing.quota.limit();
        if standing.remaining > limit / 5 {
            return;
        }
        // A figure for people is not worth waiting for.
        let Ok(mut seen) = self.0.try_lock() else {
            return;
        };
        if seen.len() >= MOST && !seen.contains_key(&check.key) {
            seen.retain(|_, seen| seen.remaining == 0);
            if seen.len() >= MOST {
                seen.clear();
            }
        }
        let refused = u64::from(standing.wait.is_some());
        let entry = seen.entry(check.key).or_insert(Seen {
            scope: standing.scope.name(),
            limit,
            remaining: standing.remaining,
            refused: 0,
        });
        entry.remaining = standing.remaining;
        entry.refused += refused;
    }

    /// The nearest, most refused first.
    pub(super) fn nearest(&self, count: usize) -> Vec<Nearest> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Nearest> = seen
            .iter()
            .map(|(key, seen)| Nearest {
                key: key.to_string(),
                scope: seen.scope,
                limit: seen.limit,
                remaining: seen.remaining,
                refused: seen.refused,
            })
            .collect();
        all.sort_by(|one, other| {
            (other.refused, one.remaining, &one.key).cmp(&(one.refused, other.remaining, &other.key))
        });
        all.truncate(count);
        all
    }

    pub(super) fn forget(&self, key: LimitKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}
