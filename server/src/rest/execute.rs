//! Carrying a plan out: the only place where a request's SQL is sent.
//!
//! BEGIN, context, pre-request function, statement, the end of the transaction and a reset
//! of the session leave in one flush. That is safe because each step fails once an earlier one has:
//! a failed BEGIN block refuses everything up to its end. BEGIN itself is sent so that
//! it cannot fail and leave what follows outside a transaction.
//!
//! It fails closed: an answer counts only if the context's own answer names the role
//! that was asked for. Anything else is [`Failure::Context`], and the connection goes.

use std::borrow::Cow;

use futures_util::future::join;
use seawall_pgrest::error::{DatabaseError, ResponseError, ServiceError};
use seawall_pgrest::plan::Plan;
use seawall_pgrest::response::{self, ResultRow};
use seawall_pgrest::sql::{Statement, cost, count};
use tokio_postgres::{Client, Error, Row};

use super::connection::{Connection, Way, query};
use super::pool::{Loan, Pool};
use super::seal::{self, Sealed};
use super::session::Session;
use super::transaction::{Answers, End, Opened, Ways, carry, finish, open};
use super::value;

const INVALID_STATEMENT_NAME: &str = "26000";
const FEATURE_NOT_SUPPORTED: &str = "0A000";

/// Everything a transaction is made of.
pub(super) struct Work<'plan> {
    pub(super) plan: &'plan Plan,
    pub(super) role: &'plan str,
    pub(super) authenticated: bool,
    pub(super) begin: Cow<'static, str>,
    /// What is done for the queued job that this is.
    pub(super) sealed: Option<Sealed<'plan>>,
    pub(super) context: Statement,
    pub(super) pre_request: Option<Statement>,
    pub(super) main: Statement,
    pub(super) guess: Option<Statement>,
    pub(super) end: End,
    /// The planner's cost above which the statement is not run.
    pub(super) max_cost: Option<f64>,
    pub(super) timezone_chosen: bool,
    pub(super) explained: bool,
    pub(super) prepare: bool,
    pub(super) generation: u64,
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

/// Runs the work on a connection of the pool.
pub(super) async fn run(pool: &Pool, work: &Work<'_>) -> Result<ResultRow, Failure> {
    let mut session = Session::new(acquire(pool).await?);
    let Some(connection) = session.connection() else {
        return Err(broken("the loan is gone"));
    };
    connection.belong_to(work.generation);
    let outcome = match attempt(connection, work).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            session.discard("broken");
            return Err(failure);
        }
    };
    match &outcome {
        Err(Failure::Context(_)) => session.discard("context"),
        Err(Failure::Service(..)) => session.discard("broken"),
        Ok(_) | Err(Failure::Database(_) | Failure::Verdict(_)) => session.give_back(),
    }
    outcome
}

/// Once, and once more without what was prepared where that is what failed: nothing of the first time stands.
async fn attempt(
    connection: &mut Connection,
    work: &Work<'_>,
) -> Result<Result<ResultRow, Failure>, Failure> {
    let ways = Ways::choose(connection, work);
    let outcome = transact(connection, work, ways).await?;
    match &outcome {
        Err(Failure::Database(error)) if is_outdated(error) => {
            connection.forget();
            let ways = Ways::choose(connection, work);
            transact(connection, work, ways).await
        }
        Ok(_) | Err(_) => Ok(outcome),
    }
}

/// A prepared statement that the database has changed under, or that a pooler's other connection does not have.
fn is_outdated(error: &DatabaseError) -> bool {
    match error.code.as_str() {
        INVALID_STATEMENT_NAME => true,
        FEATURE_NOT_SUPPORTED => error.message.starts_with("cached plan"),
        _ => false,
    }
}

async fn acquire(pool: &Pool) -> Result<Loan, Failure> {
    use deadpool::managed::{PoolError, TimeoutType};
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => {
            Failure::Service(ServiceError::PoolTimeout, "no connection became free".to_owned())
        }
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => Failure::Service(ServiceError::Connection, error.to_string()),
        PoolError::Backend(error) => Failure::Service(ServiceError::Connection, chain(&error)),
    })
}

/// The outer error means that the transaction's end is unknown.
async fn transact(
    connection: &mut Connection,
    work: &Work<'_>,
    mut ways: Ways,
) -> Result<Result<ResultRow, Failure>, Failure> {
    prepare(connection, work, &mut ways)
        .await
        .map_err(|error| broken(&chain(&error)))?;
    let judged = response::is_judged(work.plan) || work.sealed.is_some();
    let client = &connection.client;
    let end = (!judged).then_some(work.end);
    let outcome = match work.max_cost.filter(|_| !work.explained) {
        None => {
            let (opened, answers) = join(open(client, work, &ways), carry(client, work, &ways, end)).await;
            believed(work, opened).and_then(|()| understand(work, answers))
        }
        Some(limit) => match weigh(client, work, &ways, limit).await {
            Ok(()) => understand(work, carry(client, work, &ways, end).await),
            // The transaction is still open, whatever the judgement of its end.
            Err(failure) => return settle(client, work, End::Rollback, Err(failure)).await,
        },
    };
    if !judged {
        return Ok(outcome);
    }
    let outcome = sealed(client, work, outcome).await;
    let end = if outcome.is_ok() { work.end } else { End::Rollback };
    settle(client, work, end, outcome).await
}

/// Notes in the same transaction that the job is done, where it is one.
async fn sealed(
    client: &Client,
    work: &Work<'_>,
    outcome: Result<ResultRow, Failure>,
) -> Result<ResultRow, Failure> {
    let (Some(sealed), Ok(row)) = (&work.sealed, &outcome) else {
        return outcome;
    };
    let finish = (sealed.finish)(row).map_err(Failure::Verdict)?;
    seal::close(client, &finish)
        .await
        .map_err(|error| refused(&error, work))?;
    outcome
}

/// Ends a transaction whose outcome is known.
async fn settle(
    client: &Client,
    work: &Work<'_>,
    end: End,
    outcome: Result<ResultRow, Failure>,
) -> Result<Result<ResultRow, Failure>, Failure> {
    match (finish(client, end).await, outcome) {
        (Ok(()), outcome) => Ok(outcome),
        (Err(error), Ok(_)) if error.as_db_error().is_some() => Ok(Err(refused(&error, work))),
        // A block that has failed refuses to check its constraints as well; it has ended all the same.
        (Err(error), Err(failure)) if error.as_db_error().is_some() => Ok(Err(failure)),
        (Err(error), _) => Err(broken(&chain(&error))),
    }
}

/// Opens the transaction and asks the planner what the statement would cost: one flush more than without a ceiling.
async fn weigh(client: &Client, work: &Work<'_>, ways: &Ways, limit: f64) -> Result<(), Failure> {
    let question = cost::question(&work.main);
    let (opened, explained) = join(open(client, work, ways), query(client, &Way::OneShot, &question)).await;
    believed(work, opened)?;
    let rows = explained.map_err(|error| refused(&error, work))?;
    let cost = rows
        .first()
        .and_then(value::first_text)
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

/// Prepares what was seen before, in a transaction of its own under the same role.
async fn prepare(connection: &mut Connection, work: &Work<'_>, ways: &mut Ways) -> Result<(), Error> {
    if matches!(ways.context.1, Way::Prepare) {
        let prepared = connection.client.prepare(&work.context.text).await?;
        connection.remember(ways.context.0.clone(), Some(prepared.clone()));
        ways.context.1 = Way::Prepared(prepared);
    }
    if !matches!(ways.main.1, Way::Prepare) {
        return Ok(());
    }
    let client = &connection.client;
    let preparing = async {
        let (begin, context) = join(
            client.batch_execute(&work.begin),
            query(client, &ways.context.1, &work.context),
        )
        .await;
        let in_role = begin.is_ok() && context.is_ok_and(|rows| is_role(&rows, work.role));
        let prepared = if in_role {
            client.prepare(&work.main.text).await.ok()
        } else {
            None
        };
        client.batch_execute("ROLLBACK").await.map(|()| prepared)
    };
    // What cannot be prepared is sent at once instead, and then tells why itself.
    let prepared = preparing.await?;
    connection.remember(ways.main.0.clone(), prepared.clone());
    if let Some(prepared) = prepared {
        ways.main.1 = Way::Prepared(prepared);
    }
    Ok(())
}

/// Whether the transaction is what was asked for: only then may an answer count.
fn believed(work: &Work<'_>, opened: Opened) -> Result<(), Failure> {
    opened.begin.map_err(|error| refused(&error, work))?;
    if let Some(Err(error)) = opened.sealed {
        return Err(refused(&error, work));
    }
    let context = opened.context.map_err(|error| context_refused(&error, work))?;
    if !is_role(&context, work.role) {
        return Err(Failure::Context(
            "another role is in force than was asked for".to_owned(),
        ));
    }
    match opened.pre_request {
        Some(Err(error)) => Err(refused(&error, work)),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// Believes the answers in order: the first that failed explains all that follow.
fn understand(work: &Work<'_>, answers: Answers) -> Result<ResultRow, Failure> {
    let rows = answers.main.map_err(|error| refused(&error, work))?;
    let guess = answers.guess.transpose().map_err(|error| refused(&error, work))?;
    let row = row_of(work, &rows, guess.as_deref())?;
    response::verdict(work.plan, &row).map_err(Failure::Verdict)?;
    match answers.end {
        Some(Err(error)) => Err(refused(&error, work)),
        Some(Ok(())) | None => Ok(row),
    }
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
            .and_then(|rows| value::first_text(rows.first()?))
            .and_then(|json| count::guess(&json));
        row.total = count::settle(read.counting, row.total, guessed);
    }
    Ok(row)
}

fn is_role(context: &[Row], role: &str) -> bool {
    context.first().and_then(value::last_text).as_deref() == Some(role)
}

fn context_refused(error: &Error, work: &Work<'_>) -> Failure {
    let Some(refusal) = error.as_db_error() else {
        return broken(&chain(error));
    };
    let state = refusal.code().code();
    // A time zone is the caller's choice, and a wrong one the caller's fault.
    let of_timezone = work.timezone_chosen && state == "22023" && refusal.message().contains("\"TimeZone\"");
    // A server that is going away says so to everybody; the context is not to blame.
    if of_timezone
        || state == INVALID_STATEMENT_NAME
        || state.starts_with("57P")
        || state.starts_with("08")
        || state.starts_with("53")
    {
        return refused(error, work);
    }
    Failure::Context(format!("{state}: {}", refusal.message()))
}

fn refused(error: &Error, work: &Work<'_>) -> Failure {
    match error.as_db_error() {
        Some(refusal) => Failure::Database(DatabaseError {
            code: refusal.code().code().to_owned(),
            message: refusal.message().to_owned(),
            details: refusal.detail().map(str::to_owned),
            hint: refusal.hint().map(str::to_owned),
            authenticated: work.authenticated,
        }),
        None => broken(&chain(error)),
    }
}

fn broken(cause: &str) -> Failure {
    Failure::Service(ServiceError::Client, cause.to_owned())
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
