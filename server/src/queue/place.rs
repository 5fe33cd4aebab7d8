//! Where the queue is: it must be in the database that requests go to.
//!
//! A job and its effect end in one transaction, and one transaction cannot span two databases. So both are asked which
//! they are before the first job is taken in.

use super::Queue;
use crate::app::Parts;
use crate::rest;

/// Two answers are the same only for the same database of the same running server.
pub(super) const WHICH: &str =
    "select extract(epoch from pg_catalog.pg_postmaster_start_time())::text || '/' || oid::text
     from pg_catalog.pg_database where datname = pg_catalog.current_database()";

/// Where the queue is, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nobody could be asked yet.
    Unknown,
    /// Where it must be.
    Here,
    /// In another database.
    Elsewhere,
}

/// Asks both.
pub(super) async fn find(app: &Parts, queue: &Queue) -> Result<Place, String> {
    // Twice, since a server may be restarted between the two questions.
    for _ in 0..2 {
        let store = queue
            .ledger
            .which(WHICH)
            .await
            .map_err(|error| error.to_string())?;
        if rest::ask_as_login(app, WHICH).await? == store {
            return Ok(Place::Here);
        }
    }
    Ok(Place::Elsewhere)
}
