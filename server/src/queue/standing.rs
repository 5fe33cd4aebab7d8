//! Whether who asked for a job may still ask for it: looked at when it begins, not only when it was accepted.
//!
//! A job may wait for long. Whoever signed out meanwhile, whose session was ended or who left the organisation has
//! said or been told that nothing more is done in their name, and a queue is no way round that. Whether the role may
//! still be taken is asked with every attempt, by the path of live requests.

use super::Queue;
use super::job::Claimed;
use crate::app::{App, Parts};
use crate::auth::{Standing, organisation};

/// Why a job is not carried out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

const EXPIRED: Refused = Refused {
    status: 401,
    code: "SEAWALL_JOB_EXPIRED",
    message: "the token had expired for too long when the job could begin",
};
const REVOKED: Refused = Refused {
    status: 401,
    code: "SEAWALL_TOKEN_REVOKED",
    message: "the token, its session or its user was revoked before the job began",
};
const FOREIGN: Refused = Refused {
    status: 403,
    code: "SEAWALL_FOREIGN_ORGANISATION",
    message: "the job is for an organisation that is not the caller's any more",
};
const GONE: Refused = Refused {
    status: 403,
    code: "SEAWALL_USER_GONE",
    message: "the auth service says that the user who asked was deleted or banned",
};
/// Nobody can say yet; the job is put off.
const UNDECIDED: Refused = Refused {
    status: 503,
    code: "SEAWALL_AUTH_UNAVAILABLE",
    message: "whether the caller may still ask for it cannot be told now",
};

/// Nobody could say for too long.
const STILL_UNDECIDED: Refused = Refused {
    status: 401,
    code: "SEAWALL_JOB_UNDECIDED",
    message: "whether the caller might still ask for it could not be told for too long, and the token has no end",
};

/// What was true when the job was accepted and is not any more.
pub(super) async fn refusal(app: &App, queue: &Queue, job: &Claimed) -> Option<Refused> {
    if is_too_late(app, queue, job) {
        return Some(EXPIRED);
    }
    let refused = found(app, job).await?;
    let is_undecided = refused.code == UNDECIDED.code;
    // A token with an end ends the wait by itself.
    if is_undecided && job.expires_s().is_none() && has_waited(app, queue, job) {
        return Some(STILL_UNDECIDED);
    }
    Some(refused)
}

async fn found(app: &App, job: &Claimed) -> Option<Refused> {
    if !job.authenticated {
        return None;
    }
    if !app.tokens.is_ready() {
        return Some(UNDECIDED);
    }
    if app.tokens.is_revoked(&job.named()) {
        return Some(REVOKED);
    }
    if let Some(refused) = left_organisation(app, job).await {
        return Some(refused);
    }
    gone(app, job).await
}

/// The auth service is asked last: it is the dearest to ask, and must not be asked for what is refused anyway.
async fn gone(app: &App, job: &Claimed) -> Option<Refused> {
    let users = app.tokens.users.as_ref()?;
    let identity = job.identity();
    match users.ask(app, identity.subject()?).await {
        Standing::There => None,
        Standing::Gone => Some(GONE),
        Standing::Unknown => Some(UNDECIDED),
    }
}

fn is_too_late(app: &Parts, queue: &Queue, job: &Claimed) -> bool {
    let now_s = i64::try_from(app.clock.unix_seconds()).unwrap_or(i64::MAX);
    let grace_s = i64::try_from(queue.config.token_grace.as_secs()).unwrap_or(i64::MAX);
    job.expires_s()
        .is_some_and(|exp| exp.saturating_add(grace_s) < now_s)
}

/// Longer than a token without an end lets its jobs wait for a word: as long as others after their end.
fn has_waited(app: &Parts, queue: &Queue, job: &Claimed) -> bool {
    let now_s = i64::try_from(app.clock.unix_seconds()).unwrap_or(i64::MAX);
    let grace_s = i64::try_from(queue.config.token_grace.as_secs()).unwrap_or(i64::MAX);
    job.created_at.unix_timestamp().saturating_add(grace_s) < now_s
}

async fn left_organisation(app: &App, job: &Claimed) -> Option<Refused> {
    let config = &app.config.auth.organisation;
    let named = job.organisation.clone().filter(|_| config.is_on())?;
    let identity = job.identity();
    if config.exempt_roles.iter().any(|role| **role == *identity.role) {
        return None;
    }
    match app.tokens.memberships.own(app, config, &identity).await {
        Ok(own) => organisation::decide(&own, &[named]).err().map(|_| FOREIGN),
        Err(_) => Some(UNDECIDED),
    }
}
