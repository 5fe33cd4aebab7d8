//! Metrics of the business: what `/metrics` shows is asked of the database, by queries of the operator's.
//!
//! One instance at a time asks, so that more instances make no more load and no value is there twice: whoever holds an
//! advisory lock on its own connection. When it goes, the lock goes with its connection, and another takes over. The
//! connection is none of the pool that requests use, and what fails here is counted, logged once for each change, and
//! never a request's business.
//!
//! A query runs in a transaction that can only read, under a role that was chosen for it, with a timeout; a superuser
//! is refused. Its answer is hearsay like any other: rows, their size, labels and values are bounded and checked
//! ([`reading`]), what looks personal is left out, and a value that was not read for a while is not shown any more.

mod ask;
mod board;
mod reading;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use seawall_policy::time::{MonoTime, Span};
use tokio::sync::watch;

use crate::app::App;
use crate::breakers::Dependency;
use crate::config::{BusinessConfig, BusinessMetric};
use crate::telemetry::Metrics;
use ask::{Asker, Problem};
use board::Board;
use reading::Reading;

/// How often an instance that does not ask looks whether it may.
const LOOK: Duration = Duration::from_secs(5);

/// What was read is shown for so many intervals: one reading may fail without a hole.
const SHOWN_INTERVALS: u64 = 3;

/// What is shown, and how each metric fared.
pub(crate) struct Business {
    board: Mutex<Board>,
}

/// What happens to one metric while this instance asks.
struct Course {
    due: MonoTime,
    /// What went wrong last time, so that it is told once.
    problem: Option<Problem>,
}

impl Business {
    pub(crate) fn new(config: &BusinessConfig, metrics: &Metrics) -> Self {
        if !config.metrics.is_empty() {
            metrics.business_asker(false);
            for metric in &config.metrics {
                metrics.business_starts_at_zero(&metric.name, metric.interval);
            }
        }
        Self {
            board: Mutex::default(),
        }
    }

    /// What is known, as Prometheus text.
    pub(crate) fn render(&self, now: MonoTime) -> String {
        self.board().render(now)
    }

    fn board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for as long as the server runs, whenever it is this instance's turn.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    if app.config.business.metrics.is_empty() {
        return;
    }
    let mut told = None;
    loop {
        tokio::select! {
            ended = take_turn(&app) => {
                app.business.board().clear();
                app.metrics.business_asker(false);
                tell_of_turn(&mut told, ended);
            }
            _ = stopped.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Asks until the turn is over; why it is, or why there was none.
async fn take_turn(app: &App) -> Problem {
    if app.breakers.of(Dependency::Postgres).is_open() {
        return Problem::Unreachable;
    }
    let config = &app.config;
    let asker = match Asker::connect(&config.business, &config.database).await {
        Ok(Some(asker)) => asker,
        Ok(None) => return Problem::SomebodyElse,
        Err(problem) => return problem,
    };
    app.metrics.business_asker(true);
    tracing::info!("this instance asks for the metrics of the business");
    let mut courses: BTreeMap<&str, Course> = BTreeMap::new();
    loop {
        for metric in &config.business.metrics {
            let now = app.clock.mono();
            let course = courses.entry(metric.name.as_str()).or_insert(Course {
                due: now,
                problem: None,
            });
            if course.due > now {
                continue;
            }
            course.due = now + span(metric.interval);
            let read = asker.ask(metric).await;
            if let Err(problem) = &read
                && problem.ends_the_turn()
            {
                note(app, metric, course, read);
                return Problem::Unreachable;
            }
            note(app, metric, course, read);
        }
        let now = app.clock.mono();
        let next = courses.values().map(|course| course.due.since(now)).min();
        let pause = next.unwrap_or(Span::from_secs(1)).max(Span::from_millis(50));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_nanos(pause.as_nanos())) => {}
            () = asker.closed() => return Problem::Unreachable,
        }
    }
}

/// Shows what was read, or counts that nothing was.
fn note(app: &App, metric: &BusinessMetric, course: &mut Course, read: Result<Reading, Problem>) {
    let now = app.clock.mono();
    match read {
        Ok(reading) => {
            app.metrics
                .business_read(&metric.name, app.clock.unix_seconds(), reading.series.len());
            for (reason, count) in reading.dropped.each() {
                app.metrics.business_dropped(&metric.name, reason, count);
            }
            if course.problem.take().is_some() {
                tracing::info!(metric = metric.name, "a metric of the business is read again");
            }
            let until = now + span(metric.interval).times(SHOWN_INTERVALS) + span(metric.timeout);
            app.business.board().put(metric, reading.series, until);
        }
        Err(problem) => {
            app.metrics.business_failed(&metric.name, problem.word());
            if course.problem.as_ref() != Some(&problem) {
                tracing::warn!(metric = metric.name, cause = %problem, "a metric of the business cannot be read");
                course.problem = Some(problem);
            }
        }
    }
}

/// That another instance asks is as it should be; anything else is told when it changes.
fn tell_of_turn(told: &mut Option<Problem>, ended: Problem) {
    if told.as_ref() == Some(&ended) {
        return;
    }
    if ended == Problem::SomebodyElse {
        tracing::info!("another instance asks for the metrics of the business");
    } else {
        tracing::warn!(cause = %ended, "nobody here asks for the metrics of the business");
    }
    *told = Some(ended);
}

fn span(duration: Duration) -> Span {
    Span::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
