//! Revocations where they outlive the process: in Seawall's tables, in Redis, in both where there are both.
//!
//! What cannot be kept at once waits, in bounded memory, until it can. With a table the
//! server believes no token before it has read it; Redis alone is no such condition,
//! because an outage of Redis must not be one of authentication.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::digest::Digest;
use super::revocation::Revocation;
use crate::app::App;
use crate::bus::Message;
use crate::redis::Redis;
use crate::store::Store;

const REDIS_KEY: &str = "seawall:{tokens}:revoked";
const PAGE: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What waits to be kept.
pub(crate) struct Kept {
    most: usize,
    waiting: Mutex<VecDeque<Revocation>>,
}

/// One of the places cannot be used now.
#[derive(Debug, thiserror::Error)]
enum Unkept {
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    #[error(transparent)]
    Redis(#[from] crate::redis::RedisDown),
    #[error("no answer in time")]
    Slow,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Mutex::default(),
        }
    }

    /// Keeps a revocation now, or as soon as it can be.
    pub(super) async fn keep(&self, app: &App, revocation: Revocation) {
        if app.store.is_none() && app.redis.is_none() {
            return;
        }
        match tokio::time::timeout(PATIENCE, save(app, &revocation))
            .await
            .unwrap_or(Err(Unkept::Slow))
        {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, "a revocation holds but is not kept yet");
                self.wait(revocation);
            }
        }
    }

    fn wait(&self, revocation: Revocation) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= self.most {
            tracing::error!("too many revocations wait to be kept; the oldest was dropped");
            waiting.pop_front();
        }
        waiting.push_back(revocation);
    }

    fn next(&self) -> Option<Revocation> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    async fn keep_what_waits(&self, app: &App) {
        while let Some(revocation) = self.next() {
            if save(app, &revocation).await.is_err() {
                self.wait(revocation);
                return;
            }
            // Whoever read what is kept before this was kept hears of it now, however old the first message is.
            app.bus
                .publish(Message::TokenRevoked(revocation), app.clock.unix().as_millis());
        }
    }
}

/// Listens, keeps what waits, and reads what others kept, as long as the server runs.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = follow(&app) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    app.tokens.kept.keep_what_waits(&app).await;
}

async fn follow(app: &App) {
    let mut heard = app.bus.subscribe();
    let mut tick = tokio::time::interval(TICK);
    let mut pause = Duration::ZERO;
    let mut behind = true;
    loop {
        tokio::select! {
            message = heard.recv() => match message {
                Ok(message) => behind |= hear(app, &message),
                Err(RecvError::Lagged(_)) => behind |= hear(app, &Message::Gap),
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(pause), if behind => match load(app).await {
                Ok(()) => (behind, pause) = (false, Duration::ZERO),
                Err(error) => {
                    tracing::warn!(%error, "revocations cannot be read");
                    pause = (pause * 2).clamp(FIRST_PAUSE, TICK);
                }
            },
            _ = tick.tick() => app.tokens.kept.keep_what_waits(app).await,
        }
    }
}

/// Takes a message in; says whether what is kept must be read again.
fn hear(app: &App, message: &Message) -> bool {
    if let Message::TokenRevoked(revocation) = message {
        app.tokens.learn(app, revocation);
    }
    let may_have_missed = *message == Message::Gap;
    if may_have_missed {
        app.tokens.may_have_missed(app.clock.mono());
    }
    may_have_missed
}

async fn save(app: &App, revocation: &Revocation) -> Result<(), Unkept> {
    if let Some(store) = &app.store {
        save_to_store(store, revocation).await?;
    }
    if let Some(redis) = &app.redis {
        save_to_redis(redis, revocation, app.clock.unix_seconds()).await?;
    }
    Ok(())
}

async fn load(app: &App) -> Result<(), Unkept> {
    let now_s = app.clock.unix_seconds();
    if let Some(store) = &app.store {
        match load_from_store(app, store, now_s).await {
            Err(error) if is_missing(&error) => {
                tracing::warn!(
                    "there is no table of revocations: they end with this process; run seawall migrate"
                );
            }
            outcome => outcome?,
        }
        // What the table says is enough to begin with.
        app.tokens.is_ready_now();
    }
    if let Some(redis) = &app.redis {
        load_from_redis(app, redis, now_s).await?;
    }
    Ok(())
}

/// Nothing was ever kept in a table that is not there.
fn is_missing(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("42P01" | "3F000"))
}

async fn save_to_store(store: &Store, revocation: &Revocation) -> Result<(), sqlx::Error> {
    let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    sqlx::query(
        "insert into seawall.token_revocations as known (digest, until_s, issued_by_s, except_session)
         values ($1, $2, $3, $4)
         on conflict (digest) do update set
           until_s = greatest(known.until_s, excluded.until_s),
           issued_by_s = case when known.issued_by_s is null or excluded.issued_by_s is null then null
                              else greatest(known.issued_by_s, excluded.issued_by_s) end,
           except_session = case when known.except_session = excluded.except_session
                                 then known.except_session end",
    )
    .bind(revocation.of.as_bytes())
    .bind(seconds(revocation.until_s))
    .bind(revocation.issued_by_s.map(seconds))
    .bind(revocation.except.as_ref().map(Digest::as_bytes))
    .execute(store.pool())
    .await
    .map(|_| ())
}

type Row = (Vec<u8>, i64, Option<i64>, Option<Vec<u8>>);

async fn load_from_store(app: &App, store: &Store, now_s: u64) -> Result<(), sqlx::Error> {
    let now_s = i64::try_from(now_s).unwrap_or(i64::MAX);
    sqlx::query("delete from seawall.token_revocations where until_s < $1")
        .bind(now_s)
        .execute(store.pool())
        .await?;
    let most = i64::try_from(app.tokens.kept.most).unwrap_or(i64::MAX);
    let rows: Vec<Row> = sqlx::query_as(
        "select digest, until_s, issued_by_s, except_session from seawall.token_revocations
         order by until_s desc limit $1",
    )
    .bind(most)
    .fetch_all(store.pool())
    .await?;
    for (digest, until_s, issued_by_s, except) in rows {
        let seconds = |seconds: i64| u64::try_from(seconds).unwrap_or(0);
        if let Some(of) = Digest::from_bytes(&digest) {
            let revocation = Revocation {
                of,
                until_s: seconds(until_s),
                issued_by_s: issued_by_s.map(seconds),
                except: except.as_deref().and_then(Digest::from_bytes),
            };
            app.tokens.learn(app, &revocation);
        }
    }
    Ok(())
}

async fn save_to_redis(redis: &Redis, revocation: &Revocation, now_s: u64) -> Result<(), Unkept> {
    let Ok(member) = serde_json::to_string(revocation) else {
        return Ok(());
    };
    let mut commands = redis::pipe();
    commands
        .cmd("ZREMRANGEBYSCORE")
        .arg(REDIS_KEY)
        .arg("-inf")
        .arg(format!("({now_s}"))
        .ignore()
        .cmd("ZADD")
        .arg(REDIS_KEY)
        .arg(revocation.until_s)
        .arg(member)
        .ignore();
    redis.pipeline::<()>(&commands).await?;
    Ok(())
}

async fn load_from_redis(app: &App, redis: &Redis, now_s: u64) -> Result<(), Unkept> {
    for offset in (0..app.tokens.kept.most).step_by(PAGE) {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command
            .arg(REDIS_KEY)
            .arg(now_s)
            .arg("+inf")
            .arg("LIMIT")
            .arg(offset)
            .arg(PAGE);
        let members: Vec<String> = redis.query(&command).await?;
        let is_last = members.len() < PAGE;
        for revocation in members
            .iter()
            .filter_map(|member| serde_json::from_str(member).ok())
        {
            app.tokens.learn(app, &revocation);
        }
        if is_last {
            break;
        }
    }
    Ok(())
}
