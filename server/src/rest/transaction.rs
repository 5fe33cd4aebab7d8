//! The steps of a transaction as they go over the wire, and what comes back from each.
//!
//! Steps that need not wait for each other leave in one flight. PostgreSQL skips what follows a
//! step that failed. What the answers mean is not decided here.

use std::borrow::Cow;

use bytes::Bytes;
use seawall_pgrest::sql::Statement;

use super::connection::{Connection, Flight, Pause};
use super::work::Work;
use crate::wire::{Landing, Refusal, Row, Stop, WireError};

/// Undoes what a function of the request may have left on the session: everything this crate sets is local to its
/// transaction; what the database's own code sets need not be.
const RESET: [&str; 3] = ["RESET ALL", "RESET ROLE", "DISCARD TEMP"];
/// Locks of the session outlive its transactions, a rollback too: one that a function took and did not give back
/// would be held by whoever borrows the connection next, for as long as it lives.
const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock_all()";

/// What deferred triggers write is reported too.
const SETTLE: &str = "SET CONSTRAINTS ALL IMMEDIATE";
/// What the triggers of `seawall.watch` reported so far, and the transaction's name as they tell it, after the process
/// that the database will name itself.
const REPORT: &str = "SELECT pg_catalog.current_setting('seawall.written', true), \
    CASE WHEN pg_catalog.txid_current_if_assigned() IS NOT NULL THEN \
    pg_catalog.concat(pg_catalog.pg_backend_pid(), '.', pg_catalog.txid_current_if_assigned(), '@', \
    pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())) END";

/// How a transaction ends if nothing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Rollback,
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Begin,
    Sealed,
    Context,
    PreRequest,
    Cost,
    Main,
    Guess,
    Report,
    End,
    Reset,
}

/// Steps that leave together.
pub(super) struct Steps<'connection> {
    flight: Flight<'connection>,
    steps: Vec<Step>,
}

/// What a transaction says of what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) written: String,
    /// Its name; none where it wrote nothing.
    pub(super) transaction: Option<String>,
}

/// What came back from them.
#[derive(Debug)]
pub(super) struct Landed {
    landing: Landing,
    steps: Vec<Step>,
}

impl<'connection> Steps<'connection> {
    pub(super) fn new(connection: &'connection mut Connection, work: &Work<'_>) -> Self {
        Self {
            flight: connection.flight(work.prepare),
            steps: Vec::with_capacity(8),
        }
    }

    /// Steps that lean on nothing that was prepared: for when that may be what failed.
    pub(super) fn unprepared(connection: &'connection mut Connection) -> Self {
        Self {
            flight: connection.flight(false),
            steps: Vec::new(),
        }
    }

    pub(super) fn fixed(&mut self, step: Step, text: &str) -> Result<(), WireError> {
        self.steps.push(step);
        self.flight.add("", text, &[])
    }

    /// Adds a statement that the login role sees.
    pub(super) fn add(&mut self, step: Step, role: &str, statement: &Statement) -> Result<(), WireError> {
        self.steps.push(step);
        self.flight.add(role, &statement.text, &statement.binds)
    }

    /// Adds all that comes before the statement.
    pub(super) fn open(&mut self, work: &Work<'_>) -> Result<(), WireError> {
        self.fixed(Step::Begin, &work.begin)?;
        if let Some(sealed) = &work.sealed {
            self.add(Step::Sealed, "", &sealed.begin)?;
        }
        self.add(Step::Context, "", &work.context)?;
        match &work.pre_request {
            Some(statement) => self.add(Step::PreRequest, work.role, statement),
            None => Ok(()),
        }
    }

    /// Adds the statement and the count's guess.
    pub(super) fn carry(&mut self, work: &Work<'_>) -> Result<(), WireError> {
        self.add(Step::Main, work.role, &work.main)?;
        match &work.guess {
            Some(statement) => self.add(Step::Guess, work.role, statement),
            None => Ok(()),
        }
    }

    /// Adds the end of the transaction and the reset of the session, and before them the question which rows were
    /// written, where that is wanted.
    pub(super) fn finish(&mut self, work: &Work<'_>) -> Result<(), WireError> {
        if work.reports && work.end == End::Commit {
            self.fixed(Step::End, SETTLE)?;
            self.fixed(Step::Report, REPORT)?;
        }
        if work.rows_are_all {
            self.flight.answers_here();
        }
        match work.end {
            End::Commit => self.fixed(Step::End, "COMMIT")?,
            End::Rollback => {
                // What a commit would have refused is refused here too.
                self.fixed(Step::End, SETTLE)?;
                self.fixed(Step::End, "ROLLBACK")?;
            }
        }
        // Nobody need wait for the reset; the connection is not lent again before it was heard to have gone well.
        if !work.rows_are_all {
            self.flight.answers_here();
        }
        self.reset(!work.rows_are_all || work.pre_request.is_some())
    }

    /// Adds the end of a transaction that has failed.
    pub(super) fn give_up(&mut self) -> Result<(), WireError> {
        self.fixed(Step::End, "ROLLBACK")?;
        self.reset(true)
    }

    /// `unlocks`: code that may write was run, and so may have locked something.
    fn reset(&mut self, unlocks: bool) -> Result<(), WireError> {
        if unlocks {
            self.fixed(Step::Reset, UNLOCK)?;
        }
        RESET.iter().try_for_each(|text| self.fixed(Step::Reset, text))
    }

    /// Sends them and waits for what comes back.
    pub(super) async fn fly(self) -> Result<Landed, WireError> {
        self.fly_up_to(None).await.map(|(landed, _)| landed)
    }

    /// The same, but stops before the last column of the statement's row, if that row is larger.
    pub(super) async fn fly_up_to(
        self,
        larger_than: Option<usize>,
    ) -> Result<(Landed, Option<Pause>), WireError> {
        let place = self.steps.iter().position(|step| *step == Step::Main);
        let stop = place
            .zip(larger_than)
            .map(|(step, larger_than)| Stop { step, larger_than });
        let (landing, pause) = self.flight.fly(stop).await?;
        let steps = self.steps;
        Ok((Landed { landing, steps }, pause))
    }
}

impl Landed {
    /// Goes on after the column that a flight stopped before.
    pub(super) async fn go_on(
        self,
        connection: &mut Connection,
        pause: Pause,
        column: Bytes,
    ) -> Result<Self, WireError> {
        Ok(Self {
            landing: connection.go_on(self.landing, pause, column).await?,
            steps: self.steps,
        })
    }

    /// The rows of a step that was carried out.
    pub(super) fn rows(&self, step: Step) -> Option<&[Row]> {
        let place = self.steps.iter().position(|taken| *taken == step)?;
        self.landing.done.get(place).map(Vec::as_slice)
    }

    /// Which rows were written, as the database's triggers reported it.
    pub(super) fn report(&self) -> Option<Reported> {
        let row = self.rows(Step::Report)?.first()?;
        Some(Reported {
            written: row.text(0)?,
            transaction: row.text(1),
        })
    }

    /// The step that failed, and what the database said of it.
    pub(super) fn refusal(&self) -> Option<(Step, &Refusal)> {
        let refusal = self.landing.refusal.as_ref()?;
        let step = self
            .steps
            .get(self.landing.done.len())
            .copied()
            .unwrap_or(Step::End);
        Some((step, refusal))
    }

    /// Whether the session is outside any transaction, or all that is still to come is nothing the answer waits for.
    pub(super) fn is_over(&self) -> bool {
        self.landing.idle || self.landing.trails
    }
}

/// The beginning of a transaction, as text.
pub(super) type Begin = Cow<'static, str>;
