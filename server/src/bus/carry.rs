//! Carrying messages: over Redis, else over PostgreSQL, else nowhere.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;

use super::Bus;
use crate::app::App;
use crate::clock::Clock;

const CHANNEL: &str = "seawall_bus";
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How long the transport may take to take a message.
const PATIENCE: Duration = Duration::from_secs(10);
/// An instance hears of itself every few seconds. Where not even that is heard for so long, the connection is dead and
/// nobody has said so: what others tell would be missed for as long as the system waits for a peer, a quarter of an hour.
const SILENCE: Duration = Duration::from_secs(30);

/// The transport broke; why is logged by whoever tries again.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("Redis: {0}")]
    Redis(String),
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error("the connection ended")]
    Ended,
    #[error("nothing is heard any more")]
    Silent,
}

impl From<redis::RedisError> for Broken {
    fn from(error: redis::RedisError) -> Self {
        Self::Redis(error.category().to_owned())
    }
}

/// Carries messages as long as the server runs.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = carry_forever(&app) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

async fn carry_forever(app: &App) {
    let mut wait = FIRST_WAIT;
    loop {
        let connected = Instant::now();
        let outcome = match (&app.redis, speaks_to_postgres(app)) {
            (Some(redis), _) => over_redis(&app.bus, app.clock, redis).await,
            (None, true) => over_postgres(app).await,
            (None, false) => return alone(&app.bus).await,
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "messages to other instances are interrupted");
        }
        if connected.elapsed() > LONGEST_WAIT {
            wait = FIRST_WAIT;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// A server that answers as a PostgREST opens no connection that PostgREST would not.
fn speaks_to_postgres(app: &App) -> bool {
    let (cluster, database) = (&app.config.cluster, &app.config.database);
    !app.config.postgrest && (cluster.store_uri.is_some() || database.uri.is_some())
}

async fn over_redis(bus: &Bus, clock: Clock, redis: &crate::redis::Redis) -> Result<(), Broken> {
    let mut ear = redis.client().get_async_pubsub().await?;
    ear.subscribe(CHANNEL).await?;
    let mut mouth = redis.client().get_multiplexed_async_connection().await?;
    bus.gap();
    let mut heard = ear.into_on_message();
    let mut outgoing = bus.waiting.lock().await;
    let mut last = Instant::now();
    loop {
        tokio::select! {
            message = heard.next() => {
                last = Instant::now();
                let payload: String = message.ok_or(Broken::Ended)?.get_payload()?;
                bus.receive(&payload, clock.unix().as_millis());
            }
            Some(text) = outgoing.next() => {
                let mut command = redis::cmd("PUBLISH");
                command.arg(CHANNEL).arg(&text);
                let () = in_time(command.query_async(&mut mouth)).await?;
                outgoing.sent();
            }
            () = silence(last) => return Err(Broken::Silent),
        }
    }
}

async fn over_postgres(app: &App) -> Result<(), Broken> {
    let (bus, clock) = (&app.bus, app.clock);
    let (cluster, database) = (&app.config.cluster, &app.config.database);
    let uri = cluster
        .store_uri
        .as_ref()
        .or(database.uri.as_ref())
        .ok_or(Broken::Ended)?;
    // One connection hears and another speaks, so that neither waits for the other.
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(5))
        .connect(uri.expose_secret())
        .await?;
    let mut ear = PgListener::connect_with(&pool).await?;
    ear.ignore_pool_close_event(true);
    ear.listen(CHANNEL).await?;
    bus.gap();
    let mut outgoing = bus.waiting.lock().await;
    let mut last = Instant::now();
    loop {
        tokio::select! {
            heard = ear.try_recv() => {
                last = Instant::now();
                let notification = heard?.ok_or(Broken::Ended)?;
                bus.receive(notification.payload(), clock.unix().as_millis());
            }
            Some(text) = outgoing.next() => {
                let notify = sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(&text);
                in_time(notify.execute(&pool)).await?;
                outgoing.sent();
            }
            () = silence(last) => return Err(Broken::Silent),
        }
    }
}

/// Comes back when nothing was heard for too long.
async fn silence(last: Instant) {
    tokio::time::sleep(SILENCE.saturating_sub(last.elapsed())).await;
}

async fn in_time<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, Broken>
where
    Broken: From<E>,
{
    let done = tokio::time::timeout(PATIENCE, work).await;
    Ok(done.map_err(|_| Broken::Silent)??)
}

/// Nothing to carry over: what is published is heard here only.
async fn alone(bus: &Bus) {
    let mut outgoing = bus.waiting.lock().await;
    while outgoing.next().await.is_some() {
        outgoing.sent();
    }
}
