//! Carrying a plan out: the only place where a request's SQL is sent.
//!
//! BEGIN, context, pre-request function, statement, the end of the transaction and a reset
//! of the session leave in one flight. That is safe because PostgreSQL skips whatever follows
//! a step that failed, up to the flight's end; what is left open is then rolled back. The answer
//! waits for the transaction's end (a relation's rows do not even for that: it reads) but not for the
//! reset: that is heard by whoever borrows the connection next, before anything else, and a connection
//! whose reset failed is closed ([`super::pool`]).
//!
//! It fails closed: an answer counts only if the context's own answer names the role
//! that was asked for. Anything else is [`Failure::Context`], and the connection goes.

use std::sync::Arc;

use seawall_pgrest::error::{DatabaseError, ResponseError, ServiceError};
use seawall_pgrest::plan::Plan;
use seawall_pgrest::response::{self, ResultRow};
use seawall_pgrest::sql::{cost, count};

use super::Rest;
use super::connection::Connection;
use super::pool::{Loan, Pool, lend};
use super::seal;
use super::session::Session;
use super::stream::{self, Begun, Underway};
use super::transaction::{Landed, Reported, Step, Steps};
use super::value;
use super::work::Work;
use crate::wire::{Refusal, Row, WireError};

const INVALID_STATEMENT_NAME: &str = "26000";
const DUPLICATE_STATEMENT_NAME: &str = "42P05";
const FEATURE_NOT_SUPPORTED: &str = "0A000";

/// What a transaction that stands came to.
#[derive(Default)]
pub(super) struct Done {
    pub(super) row: ResultRow,
    /// Which rows it wrote, as the database's triggers reported it.
    pub(super) report: Option<Reported>,
    /// The row's body, where it has only begun to come.
    pub(super) begun: Option<Box<Begun>>,
}

/// Why there is no row.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database said no.
    Database(DatabaseError),
    /// The outcome may not stand.
    Verdict(ResponseError),
    /// The way to the database is broken; the text is for the log.
    Service(ServiceError, String),
    /// Role and claims could not be set; the text is for the log.
    Context(String),
}

/// Runs the work on a connection of the pool, as long as the database is there.
pub(super) async fn run(rest: &Rest, work: &Work<'_>) -> Result<Done, Failure> {
    tokio::select! {
        biased;
        outcome = run_on(rest, work) => outcome,
        // What was sent may have been done or not, as with every connection that breaks.
        () = rest.pulse.lost() => Err(Failure::Service(
            ServiceError::Client,
            "the database has stopped answering".to_owned(),
        )),
    }
}

async fn run_on(rest: &Rest, work: &Work<'_>) -> Result<Done, Failure> {
    let mut session = Session::new(acquire(&rest.pool).await?);
    let Some(connection) = session.connection() else {
        return Err(Failure::Service(
            ServiceError::Client,
            "the loan is gone".to_owned(),
        ));
    };
    connection.belong_to(work.generation);
    let Ended {
        outcome,
        is_clean,
        underway,
    } = attempt(rest, connection, work).await;
    if let Some(underway) = underway {
        let begun = Box::new(Begun {
            session,
            underway: *underway,
            watch: rest.pulse.watch(),
        });
        return outcome.map(|done| Done {
            begun: Some(begun),
            ..done
        });
    }
    match &outcome {
        Err(Failure::Context(_)) => session.discard("context"),
        Err(Failure::Service(..)) => session.discard("broken"),
        Ok(_) | Err(Failure::Database(_) | Failure::Verdict(_)) if is_clean => session.give_back(),
        Ok(_) | Err(Failure::Database(_) | Failure::Verdict(_)) => session.discard("broken"),
    }
    outcome
}

/// How a transaction ended.
struct Ended {
    outcome: Result<Done, Failure>,
    /// Whether nothing of it is left on the connection.
    is_clean: bool,
    /// It has not ended, but its answer may begin.
    underway: Option<Box<Underway>>,
}

impl Ended {
    fn new(outcome: Result<Done, Failure>, is_clean: bool) -> Self {
        Self {
            outcome,
            is_clean,
            underway: None,
        }
    }
}

/// Once, and once more without what was prepared where that is what failed: nothing of the first time stands.
async fn attempt(rest: &Rest, connection: &mut Connection, work: &Work<'_>) -> Ended {
    let ended = transact(rest, connection, work).await;
    match &ended.outcome {
        Err(Failure::Database(error)) if ended.is_clean && is_outdated(error) => {
            connection.forget();
            transact(rest, connection, work).await
        }
        Ok(_) | Err(_) => ended,
    }
}

/// A prepared statement that the database has changed under, or that a pooler's other connection does not have.
fn is_outdated(error: &DatabaseError) -> bool {
    match error.code.as_str() {
        INVALID_STATEMENT_NAME | DUPLICATE_STATEMENT_NAME => true,
        FEATURE_NOT_SUPPORTED => error.message.starts_with("cached plan"),
        _ => false,
    }
}

async fn acquire(pool: &Pool) -> Result<Loan, Failure> {
    use deadpool::managed::{PoolError, TimeoutType};
    lend(pool).await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => {
            Failure::Service(ServiceError::PoolTimeout, "no connection became free".to_owned())
        }
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => Failure::Service(ServiceError::Connection, error.to_string()),
        PoolError::Backend(error) => Failure::Service(ServiceError::Connection, error.to_string()),
    })
}

async fn transact(rest: &Rest, connection: &mut Connection, work: &Work<'_>) -> Ended {
    let flown = match carry_out(rest, connection, work).await {
        Ok(flown) => flown,
        Err(error) => return Ended::new(Err(broken(&error)), false),
    };
    match flown {
        // The flight ended the transaction and reset the session.
        Flown::Over(Ok(done)) => Ended::new(Ok(done), true),
        Flown::Open(Ok(done)) => commit(connection, work, done.row).await,
        Flown::Over(Err(failure)) | Flown::Open(Err(failure)) => give_up(connection, failure).await,
        Flown::Underway(done, underway) => Ended {
            outcome: Ok(done),
            is_clean: false,
            underway: Some(underway),
        },
    }
}

/// What became of the flights up to the statement's answer.
enum Flown {
    /// The transaction is still to be ended.
    Open(Result<Done, Failure>),
    /// The flight had the end of the transaction and the session's reset in it.
    Over(Result<Done, Failure>),
    /// The answer may begin before the flight is over.
    Underway(Done, Box<Underway>),
}

/// Opens the transaction and runs the statement: in one flight with the end, unless something must be judged between.
/// With a ceiling on the cost the planner is asked first, which is one flight more.
async fn carry_out(rest: &Rest, connection: &mut Connection, work: &Work<'_>) -> Result<Flown, WireError> {
    let mut steps = Steps::new(connection, work);
    steps.open(work)?;
    let ceiling = work.max_cost.filter(|_| !work.explained);
    if let Some(limit) = ceiling {
        steps.add(Step::Cost, work.role, &cost::question(&work.main))?;
        let landed = steps.fly().await?;
        if let Err(failure) = believed(work, &landed).and_then(|()| affordable(&landed, limit)) {
            return Ok(Flown::Open(Err(failure)));
        }
        steps = Steps::new(connection, work);
    }
    steps.carry(work)?;
    let is_judged = response::is_judged(work.plan) || work.sealed.is_some();
    if !is_judged {
        steps.finish(work)?;
    }
    let opened = |landed: &Landed| {
        if ceiling.is_some() {
            unfailed(work, landed)
        } else {
            believed(work, landed)
        }
    };
    let (mut landed, pause) = steps
        .fly_up_to(work.stream_above.filter(|_| !work.reports))
        .await?;
    if let Some(pause) = pause {
        let begun = opened(&landed).and_then(|()| understand(work, &landed, Some(pause.row())));
        let permit = Arc::clone(&rest.streams).try_acquire_owned();
        landed = match (begun, permit) {
            (Ok(done), Ok(permit)) => {
                let underway = Underway {
                    landed,
                    pause,
                    permit,
                };
                return Ok(Flown::Underway(done, Box::new(underway)));
            }
            (Ok(_), Err(_)) => stream::gather(connection, landed, pause).await?,
            // What is not to be shown is not held either.
            (Err(_), _) => stream::throw_away(connection, landed, pause).await?,
        };
    }
    let outcome = opened(&landed).and_then(|()| understand(work, &landed, None));
    Ok(if is_judged {
        Flown::Open(outcome)
    } else {
        Flown::Over(outcome)
    })
}

/// Ends a transaction whose outcome was judged and may stand; where it is a queued job's, it is noted in the same
/// transaction that the job is done.
async fn commit(connection: &mut Connection, work: &Work<'_>, row: ResultRow) -> Ended {
    let last_words = work
        .sealed
        .as_ref()
        .map(|sealed| (sealed.finish)(&row))
        .transpose();
    let last_words = match last_words {
        Ok(last_words) => last_words,
        Err(error) => return give_up(connection, Failure::Verdict(error)).await,
    };
    let landed = async {
        let mut steps = Steps::new(connection, work);
        if let Some(last_words) = &last_words {
            seal::close(&mut steps, last_words)?;
        }
        steps.finish(work)?;
        steps.fly().await
    };
    match landed.await {
        Ok(landed) => match unfailed(work, &landed) {
            Ok(()) => {
                let report = landed.report();
                let done = Done {
                    row,
                    report,
                    begun: None,
                };
                Ended::new(Ok(done), true)
            }
            Err(failure) => give_up(connection, failure).await,
        },
        Err(error) => Ended::new(Err(broken(&error)), false),
    }
}

/// Rolls back what failed; the failure stands whatever becomes of that.
async fn give_up(connection: &mut Connection, failure: Failure) -> Ended {
    let landed = async {
        let mut steps = Steps::unprepared(connection);
        steps.give_up()?;
        steps.fly().await
    };
    let landed = landed.await;
    let is_clean = landed.is_ok_and(|landed| landed.refusal().is_none() && landed.is_over());
    Ended::new(Err(failure), is_clean)
}

/// Whether the planner thinks that the statement costs no more than it may.
fn affordable(landed: &Landed, limit: f64) -> Result<(), Failure> {
    let rows = landed.rows(Step::Cost).unwrap_or_default();
    let cost = rows
        .first()
        .and_then(|row| row.text(0))
        .and_then(|json| cost::total(&json));
    match cost {
        Some(cost) if cost <= limit => Ok(()),
        Some(cost) => Err(Failure::Verdict(ResponseError::QueryCost { cost, limit })),
        None => Err(Failure::Service(
            ServiceError::Internal,
            "the planner named no cost".to_owned(),
        )),
    }
}

/// Whether the transaction is what was asked for: only then may an answer count.
fn believed(work: &Work<'_>, landed: &Landed) -> Result<(), Failure> {
    match landed.refusal() {
        Some((Step::Begin | Step::Sealed, refusal)) => return Err(refused(refusal, work)),
        Some((Step::Context, refusal)) => return Err(context_refused(refusal, work)),
        Some(_) | None => {}
    }
    if !landed
        .rows(Step::Context)
        .is_some_and(|rows| is_role(rows, work.role))
    {
        return Err(Failure::Context(
            "another role is in force than was asked for".to_owned(),
        ));
    }
    unfailed(work, landed)
}

/// The first step that failed explains all that follow.
fn unfailed(work: &Work<'_>, landed: &Landed) -> Result<(), Failure> {
    match landed.refusal() {
        Some((_, refusal)) => Err(refused(refusal, work)),
        None => Ok(()),
    }
}

/// Reads the answers of a flight without a failure; of one that has stopped, the row so far.
fn understand(work: &Work<'_>, landed: &Landed, so_far: Option<&Row>) -> Result<Done, Failure> {
    let rows = match so_far {
        Some(row) => std::slice::from_ref(row),
        None => landed.rows(Step::Main).unwrap_or_default(),
    };
    let row = row_of(work, rows, landed.rows(Step::Guess))?;
    response::verdict(work.plan, &row).map_err(Failure::Verdict)?;
    Ok(Done {
        row,
        report: landed.report(),
        begun: None,
    })
}

fn row_of(work: &Work<'_>, rows: &[Row], guess: Option<&[Row]>) -> Result<ResultRow, Failure> {
    if work.explained {
        return Ok(value::explained(rows));
    }
    let shapeless = || {
        Failure::Service(
            ServiceError::Internal,
            "the row has other columns than agreed".to_owned(),
        )
    };
    let mut row = match rows.first() {
        Some(row) => value::result_row(row).ok_or_else(shapeless)?,
        None => ResultRow::default(),
    };
    if let Plan::Read(read) = work.plan {
        let guessed = guess
            .and_then(|rows| rows.first()?.text(0))
            .and_then(|json| count::guess(&json));
        row.total = count::settle(read.counting, row.total, guessed);
    }
    Ok(row)
}

fn is_role(context: &[Row], role: &str) -> bool {
    let in_force = context
        .first()
        .and_then(|row| row.text(row.len().checked_sub(1)?));
    in_force.as_deref() == Some(role)
}

fn context_refused(refusal: &Refusal, work: &Work<'_>) -> Failure {
    let state = refusal.code.as_str();
    // A time zone is the caller's choice, and a wrong one the caller's fault.
    let of_timezone = work.timezone_chosen && state == "22023" && refusal.message.contains("\"TimeZone\"");
    // A server that is going away says so to everybody; the context is not to blame.
    if of_timezone
        || matches!(state, INVALID_STATEMENT_NAME | DUPLICATE_STATEMENT_NAME)
        || state.starts_with("57P")
        || state.starts_with("08")
        || state.starts_with("53")
    {
        return refused(refusal, work);
    }
    Failure::Context(format!("{state}: {}", refusal.message))
}

fn refused(refusal: &Refusal, work: &Work<'_>) -> Failure {
    Failure::Database(DatabaseError {
        code: refusal.code.clone(),
        message: refusal.message.clone(),
        details: refusal.detail.clone(),
        hint: refusal.hint.clone(),
        authenticated: work.authenticated,
    })
}

fn broken(error: &WireError) -> Failure {
    Failure::Service(ServiceError::Client, error.to_string())
}

/// The driver's message leaves out why; the chain below it says.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
