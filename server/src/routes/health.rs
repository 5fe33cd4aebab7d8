//! Is the process there, can it serve, and how are the things it needs.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::app::{App, Parts};
use crate::breakers::Dependency;
use crate::error::ApiError;

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers: nothing else is meant by it.
pub(super) async fn live() -> Response {
    answer(StatusCode::OK, json!({"status": "ok"}))
}

/// Requests would be served: the schema cache is loaded and the database's circuit is not open.
pub(super) async fn ready(State(app): State<App>) -> Response {
    if is_ready(&app) {
        return answer(StatusCode::OK, json!({"status": "ok"}));
    }
    let error = ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "SEAWALL_NOT_READY",
        "requests would not be served now",
    );
    error
        .retry_after(1)
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .into_response()
}

/// The same, with the parts it depends on; always 200, for people and dashboards.
pub(super) async fn health(State(app): State<App>) -> Response {
    let status = if is_ready(&app) { "ok" } else { "degraded" };
    let body = json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "schemaCache": if app.rest.is_loaded() { "loaded" } else { "loading" },
        "database": {"circuit": app.breakers.of(Dependency::Postgres).state().name()},
    });
    answer(StatusCode::OK, body)
}

/// For administrators: every part, how it answers and how much of it is in use.
pub(super) async fn detailed(State(app): State<App>) -> Response {
    let (redis, store, queue) = tokio::join!(redis(&app), store(&app), queue(&app));
    let [(_, active), (_, idle), (_, waiting)] = app.rest.pool_states();
    let circuits: Map<String, Value> = app
        .breakers
        .iter()
        .map(|breaker| {
            (
                breaker.dependency().name().to_owned(),
                breaker.state().name().into(),
            )
        })
        .collect();
    let mut body = json!({
        "status": if is_ready(&app) { "ok" } else { "degraded" },
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": app.clock.mono().as_nanos() / 1_000_000_000,
        "schema_cache": if app.rest.is_loaded() { "loaded" } else { "loading" },
        "database": database(&app),
        "pool": {
            "active": active, "idle": idle, "waiting": waiting, "max": app.config.database.pool_size,
        },
        "redis": redis,
        "store": store,
        "queue": queue,
        "cache": app.cache.as_ref().map(|cache| cache.stats().brief()),
        "breakers": circuits,
        "rls_failures": {"last_5min": app.metrics.recent_rls_failures()},
    });
    if let Some(body) = body.as_object_mut() {
        for (name, report) in app.reports.all() {
            body.insert(name.to_owned(), report);
        }
    }
    answer(StatusCode::OK, body)
}

/// As the last beat found it: looking must not cost a database in trouble anything.
fn database(app: &Parts) -> Value {
    match app.rest.pulse.last() {
        None => Value::Null,
        Some(beat) => reachability(beat.took, beat.at.elapsed()),
    }
}

async fn redis(app: &Parts) -> Value {
    let Some(redis) = &app.redis else {
        return Value::Null;
    };
    let started = Instant::now();
    let answered = redis.query::<String>(&redis::cmd("PING")).await;
    reachability(answered.ok().map(|_| started.elapsed()), Duration::ZERO)
}

async fn store(app: &Parts) -> Value {
    let Some(store) = &app.store else {
        return Value::Null;
    };
    let started = Instant::now();
    let asked = sqlx::query("select 1").execute(store.pool());
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    let took = matches!(answered, Ok(Ok(_))).then(|| started.elapsed());
    reachability(took, Duration::ZERO)
}

/// How many writes wait; null where none may.
async fn queue(app: &Parts) -> Value {
    let Some(queue) = &app.queue else {
        return Value::Null;
    };
    match tokio::time::timeout(PATIENCE, queue.depth()).await {
        Ok(Ok(depth)) => json!({
            "reachable": true, "depth": depth.queued, "running": depth.running, "dead": depth.dead,
            "oldest_s": depth.oldest_s, "max": app.config.queue.depth,
        }),
        Ok(Err(_)) | Err(_) => json!({"reachable": false}),
    }
}

fn reachability(took: Option<Duration>, ago: Duration) -> Value {
    json!({
        "reachable": took.is_some(),
        "latency_ms": took.map(|took| took.as_secs_f64() * 1e3),
        "checked_s_ago": ago.as_secs(),
    })
}

fn is_ready(app: &Parts) -> bool {
    if app.config.proxy.rest.is_some() {
        return app.tokens.is_ready() && !app.breakers.of(Dependency::Rest).is_open();
    }
    app.rest.is_loaded() && app.tokens.is_ready() && !app.breakers.of(Dependency::Postgres).is_open()
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
