//! The steps of a transaction as they go over the wire, and what comes back from each.
//!
//! Futures are polled in the order written and each sends at its first poll, so whatever is joined leaves in one
//! flush. What the answers mean is not decided here.

use futures_util::future::{join, join3, join4};
use seawall_pgrest::sql::Statement;
use tokio_postgres::{Client, Error, Row};

use super::connection::{Connection, Sighting, Way, query};
use super::execute::Work;

/// Ends of a transaction. What follows undoes what a function of the request may have left on the session: everything
/// this crate sets is local to its transaction; what the database's own code sets need not be. It is one message
/// with the end, because it must come after it and a message of its own costs more than it does.
const COMMIT: &str = "COMMIT; RESET ALL; RESET ROLE; DISCARD TEMP";
pub(super) const ROLLBACK: &str = "ROLLBACK; RESET ALL; RESET ROLE; DISCARD TEMP";

/// How a transaction ends if nothing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Rollback,
}

/// How the two statements that come back are sent.
pub(super) struct Ways {
    pub(super) context: (Sighting, Way),
    pub(super) main: (Sighting, Way),
}

impl Ways {
    pub(super) fn choose(connection: &mut Connection, work: &Work<'_>) -> Self {
        let mut choose = |role: &str, statement: &Statement| {
            let sighting = Sighting {
                role: role.to_owned(),
                text: statement.text.clone(),
            };
            let way = if work.prepare {
                connection.way(&sighting)
            } else {
                Way::OneShot
            };
            (sighting, way)
        };
        Self {
            context: choose("", &work.context),
            main: choose(work.role, &work.main),
        }
    }
}

pub(super) type Answer = Result<Vec<Row>, Error>;

/// What came back from the steps before the statement.
pub(super) struct Opened {
    pub(super) begin: Result<(), Error>,
    pub(super) sealed: Option<Answer>,
    pub(super) context: Answer,
    pub(super) pre_request: Option<Answer>,
}

/// What came back from the statement and from what follows it.
pub(super) struct Answers {
    pub(super) main: Answer,
    pub(super) guess: Option<Answer>,
    pub(super) end: Option<Result<(), Error>>,
}

async fn optional(client: &Client, statement: Option<&Statement>) -> Option<Answer> {
    match statement {
        Some(statement) => Some(query(client, &Way::OneShot, statement).await),
        None => None,
    }
}

/// Sends all that comes before the statement. Futures are polled in the order written, and each sends at its first
/// poll, so that what is joined behind this leaves in the same flush.
pub(super) async fn open(client: &Client, work: &Work<'_>, ways: &Ways) -> Opened {
    let (begin, sealed, context, pre_request) = join4(
        client.batch_execute(&work.begin),
        optional(client, work.sealed.as_ref().map(|sealed| &sealed.begin)),
        query(client, &ways.context.1, &work.context),
        optional(client, work.pre_request.as_ref()),
    )
    .await;
    Opened {
        begin,
        sealed,
        context,
        pre_request,
    }
}

/// Sends the statement, the count's guess and, unless the outcome is judged first, the transaction's end.
pub(super) async fn carry(client: &Client, work: &Work<'_>, ways: &Ways, end: Option<End>) -> Answers {
    let ending = async {
        match end {
            Some(end) => Some(finish(client, end).await),
            None => None,
        }
    };
    let (main, guess, end) = join3(
        query(client, &ways.main.1, &work.main),
        optional(client, work.guess.as_ref()),
        ending,
    )
    .await;
    Answers { main, guess, end }
}

/// Ends the transaction and resets the session. A refused end leaves the session to be reset apart.
pub(super) async fn finish(client: &Client, end: End) -> Result<(), Error> {
    match end {
        End::Commit => {
            let ended = client.batch_execute(COMMIT).await;
            match &ended {
                Err(error) if error.as_db_error().is_some() => {
                    client.batch_execute(ROLLBACK).await?;
                    ended
                }
                Ok(()) | Err(_) => ended,
            }
        }
        End::Rollback => {
            // What a commit would have refused is refused here too.
            let (deferred, ended) = join(
                client.batch_execute("SET CONSTRAINTS ALL IMMEDIATE"),
                client.batch_execute(ROLLBACK),
            )
            .await;
            ended.and(deferred)
        }
    }
}
