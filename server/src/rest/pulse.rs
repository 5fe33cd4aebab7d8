//! Feels whether the database is alive, when nobody asks it and when somebody waits too long.
//!
//! A database that refuses connections is noticed by the first request. One that is
//! paused, or behind a network that swallows packets, says nothing at all: statements
//! would wait for their deadline, one after another. So a statement that takes long
//! asks for a beat at once; when beats stop, what waits is let go, the idle
//! connections are dropped, and the circuit opens. Beats go on until they are
//! answered again, so recovery needs neither a request nor a restart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager as _, Timeouts};
use seawall_policy::class::Outcome;
use tokio::sync::{Notify, watch};

use super::connection::Connection;
use super::execute::chain;
use super::pool::Pool;
use super::session::Session;
use crate::app::App;
use crate::breakers::{Dependency, Ticket};
use crate::events::Event;

/// How long a beat may take. A statement that does nothing takes far less.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two beats of a database in doubt.
const HASTE: Duration = Duration::from_millis(500);
/// A statement that takes this long asks for a beat.
const SUSPICIOUS: Duration = Duration::from_secs(2);
/// Beats that may be missed before the database counts as lost.
const MISSED: u32 = 2;

/// How the start tries: this often, waiting between tries from the first span to the longest.
const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The last beat that was felt for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    pub(crate) at: Instant,
    /// How long the answer took; none where there was none.
    pub(crate) took: Option<Duration>,
}

/// What requests and beats tell each other.
pub(crate) struct Pulse {
    doubted: Arc<Notify>,
    /// Counts the times the database was lost.
    lost: watch::Sender<u64>,
    last: Mutex<Option<Beat>>,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            doubted: Arc::default(),
            lost: watch::channel(0).0,
            last: Mutex::new(None),
        }
    }

    /// The last beat; none before the first.
    pub(crate) fn last(&self) -> Option<Beat> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes back when the database is lost; a wait that is long asks whether it is.
    pub(super) async fn lost(&self) {
        self.watch().lost().await;
    }

    /// Watches over something that goes on for longer than one wait.
    pub(super) fn watch(&self) -> Watch {
        Watch {
            lost: self.lost.subscribe(),
            doubted: Arc::clone(&self.doubted),
        }
    }

    fn note(&self, took: Option<Duration>) {
        let beat = Beat {
            at: Instant::now(),
            took,
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(beat);
    }
}

/// Hears of losses from the moment it was made, whenever it is asked.
pub(super) struct Watch {
    lost: watch::Receiver<u64>,
    doubted: Arc<Notify>,
}

impl Watch {
    /// Comes back when the database is, or was, lost; a wait that is long asks whether it is.
    pub(super) async fn lost(&mut self) {
        loop {
            tokio::select! {
                _ = self.lost.changed() => return,
                () = tokio::time::sleep(SUSPICIOUS) => self.doubted.notify_one(),
            }
        }
    }
}

/// Feels the pulse as long as the server runs.
pub(super) async fn feel_forever(app: &App) {
    arrive(app).await;
    loop {
        tokio::select! {
            () = tokio::time::sleep(app.config.database.probe_interval) => {}
            () = app.rest.pulse.doubted.notified() => {}
        }
        feel(app).await;
        // Many that wait ask many times.
        tokio::time::sleep(HASTE).await;
    }
}

/// The first connection: a few tries with growing pauses, each told; then it goes on in the background.
async fn arrive(app: &App) {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=TRIES {
        match beat(app).await {
            Ok(took) => {
                app.rest.pulse.note(Some(took));
                tracing::info!(attempt, took_ms = took.as_secs_f64() * 1e3, "PostgreSQL answers");
                return;
            }
            Err(error) => {
                app.rest.pulse.note(None);
                tracing::warn!(attempt, error, "PostgreSQL does not answer");
            }
        }
        if attempt < TRIES {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
    app.events.emit(Event::Degraded {
        part: "postgres",
        reason: format!("no answer in {TRIES} tries; requests are answered 503 until there is one"),
    });
    feel(app).await;
}

/// Feels once; where there is no beat, until there is one and the circuit is closed.
async fn feel(app: &App) {
    let breaker = app.breakers.of(Dependency::Postgres);
    let mut missed = 0;
    loop {
        let ticket = breaker.admit().ok();
        // Cooling down, it is spared; held open by hand, it may be felt all the same.
        if ticket.is_none() && breaker.is_refusing() {
            tokio::time::sleep(HASTE).await;
            continue;
        }
        let outcome = beat(app).await;
        app.rest.pulse.note(outcome.as_ref().ok().copied());
        match outcome {
            Ok(_) => {
                settle(ticket, &Outcome::SUCCESS);
                if missed > MISSED {
                    app.events.emit(Event::Recovered { part: "postgres" });
                }
                missed = missed.min(MISSED);
                if !breaker.is_refusing() {
                    return;
                }
            }
            Err(error) => {
                settle(ticket, &Outcome::NETWORK);
                missed += 1;
                if missed == MISSED + 1 {
                    lose(app, error);
                } else {
                    tracing::debug!(missed, error, "PostgreSQL missed a beat");
                }
            }
        }
        tokio::time::sleep(HASTE).await;
    }
}

fn settle(ticket: Option<Ticket<'_>>, outcome: &Outcome) {
    if let Some(ticket) = ticket {
        ticket.settle(outcome);
    }
}

/// Lets everything go that waits for the database.
fn lose(app: &App, reason: String) {
    app.rest.pool.retain(|_, _| false);
    app.rest.pulse.lost.send_modify(|times| *times += 1);
    app.events.emit(Event::Degraded {
        part: "postgres",
        reason,
    });
}

/// One beat, on an idle connection, or on one of its own where all are busy.
async fn beat(app: &App) -> Result<Duration, String> {
    let started = Instant::now();
    let asked = async {
        match lend_at_once(&app.rest.pool).await {
            Some(loan) => {
                // Dropped midway, as the time runs out, it is thrown away: an answer may still be on its way.
                let mut session = Session::new(loan);
                let connection = session.connection().ok_or("the loan is gone")?;
                ask(connection).await?;
                session.give_back();
                Ok(())
            }
            None => {
                let connection = app.rest.pool.manager().create().await;
                ask(&mut connection.map_err(|error| chain(&error))?).await
            }
        }
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(())) => Ok(started.elapsed()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(format!("no answer in {} ms", PATIENCE.as_millis())),
    }
}

async fn lend_at_once(pool: &Pool) -> Option<super::pool::Loan> {
    let status = pool.status();
    if status.available == 0 {
        return None;
    }
    let now = Timeouts {
        wait: Some(Duration::ZERO),
        create: Some(PATIENCE),
        recycle: Some(PATIENCE),
    };
    pool.timeout_get(&now).await.ok()
}

async fn ask(connection: &mut Connection) -> Result<(), String> {
    connection.ask("select 1", &[]).await.map(drop)
}
