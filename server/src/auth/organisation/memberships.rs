//! Where memberships are rows and not claims: asked as the caller, remembered briefly.
//!
//! The read goes through the same engine as the caller's own requests, in the caller's
//! role and under its policies, so it can tell nothing that the caller may not know. When
//! it fails, the caller has no answer rather than no organisations.

use std::sync::Arc;

use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quick_cache::sync::Cache;
use seawall_policy::time::{MonoTime, Span};
use serde_json::{Map, Value};

use super::Own;
use crate::app::App;
use crate::auth::Identity;
use crate::auth::error::Refusal;
use crate::config::OrganisationConfig;
use crate::rest;

const MOST_USERS: usize = 10_000;

const UNKNOWN: Refusal = Refusal::Unavailable {
    what: "the caller's memberships cannot be read",
    wait_s: 1,
};

/// A user, in a role.
type Member = (Arc<str>, Arc<str>);

/// What is remembered of memberships.
pub(crate) struct Memberships {
    read: Option<String>,
    ttl: Span,
    known: Cache<Member, (MonoTime, Arc<Own>)>,
}

impl Memberships {
    pub(crate) fn new(config: &OrganisationConfig) -> Self {
        let ttl_ms = u64::try_from(config.membership_ttl.as_millis()).unwrap_or(u64::MAX);
        Self {
            read: config.membership.clone(),
            ttl: Span::from_millis(ttl_ms),
            known: Cache::new(MOST_USERS),
        }
    }

    /// The caller's organisations, by the rows or else by the claims.
    ///
    /// # Errors
    /// When the rows cannot be read.
    pub(crate) async fn own(
        &self,
        app: &App,
        config: &OrganisationConfig,
        identity: &Identity,
    ) -> Result<Arc<Own>, Refusal> {
        let Some(read) = &self.read else {
            return Ok(Arc::new(Own::of(config.claim.find_in(&identity.claims))));
        };
        let Some(subject) = identity.subject() else {
            return Ok(Arc::default());
        };
        let key = (Arc::<str>::from(subject), Arc::clone(&identity.role));
        let now = app.clock.mono();
        if let Some((at, own)) = self.known.get(&key)
            && now.since(at) < self.ttl
        {
            return Ok(own);
        }
        let own = Arc::new(ask(app, identity, read, subject).await?);
        self.known.insert(key, (now, Arc::clone(&own)));
        Ok(own)
    }

    pub(crate) fn forget_all(&self) {
        self.known.clear();
    }
}

async fn ask(app: &App, identity: &Identity, read: &str, subject: &str) -> Result<Own, Refusal> {
    let subject = utf8_percent_encode(subject, NON_ALPHANUMERIC).to_string();
    let address: Uri = format!("/{}", read.replace("{sub}", &subject))
        .parse()
        .map_err(|_| UNKNOWN)?;
    let body = rest::read_as(app, identity, address).await.map_err(|error| {
        tracing::warn!(status = error.status().as_u16(), "memberships cannot be read");
        UNKNOWN
    })?;
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(&body).map_err(|_| UNKNOWN)?;
    let first = |row: Map<String, Value>| row.into_iter().next().map(|(_, value)| value);
    let values: Vec<Value> = rows.into_iter().filter_map(first).collect();
    Ok(Own::of(Some(&Value::Array(values))))
}
