//! A server that fails when told to, so that one can watch a client cope.
//!
//! `GET /dev/faults` tells the mode, `PUT /dev/faults` sets it. The fault lies between
//! the client and the services it calls; health, metrics and this switch stay well.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The longest delay one may ask for.
const LATENCY_MAX_MS: u64 = 60_000;
const LATENCY_DEFAULT_MS: u64 = 3_000;

/// What is wrong with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing.
    None,
    /// Every call is answered 503.
    Fail,
    /// Every call is answered after the latency.
    Slow,
    /// Every connection is cut without an answer.
    Vanish,
}

/// The switch's position, as it is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What is wrong.
    pub mode: Mode,
    /// How long a slow answer waits, in milliseconds.
    #[serde(default = "latency_default")]
    pub latency_ms: u64,
}

fn latency_default() -> u64 {
    LATENCY_DEFAULT_MS
}

/// The switch, shared by the route that sets it and the layer that obeys it.
#[derive(Debug, Clone)]
pub struct Faults {
    current: Arc<ArcSwap<Fault>>,
}

/// Marks a response that must not be sent: whoever owns the connection cuts it instead.
#[derive(Debug, Clone, Copy)]
pub struct Vanish;

impl Default for Faults {
    fn default() -> Self {
        let healthy = Fault { mode: Mode::None, latency_ms: LATENCY_DEFAULT_MS };
        Self { current: Arc::new(ArcSwap::from_pointee(healthy)) }
    }
}

impl Faults {
    /// The routes that read and set the switch.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new().route("/dev/faults", get(read).put(write)).with_state(self.clone())
    }

    /// The layer's work: lets the fault happen to one call.
    pub async fn inflict(State(faults): State<Self>, request: Request, next: Next) -> Response {
        let fault = **faults.current.load();
        match fault.mode {
            Mode::None => next.run(request).await,
            Mode::Fail => failed(),
            Mode::Vanish => vanished(),
            Mode::Slow => {
                tokio::time::sleep(Duration::from_millis(fault.latency_ms)).await;
                next.run(request).await
            }
        }
    }
}

async fn read(State(faults): State<Faults>) -> Json<Fault> {
    Json(**faults.current.load())
}

async fn write(State(faults): State<Faults>, body: axum::body::Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) if fault.latency_ms <= LATENCY_MAX_MS => {
            tracing::warn!(mode = ?fault.mode, latency_ms = fault.latency_ms, "development fault set");
            faults.current.store(Arc::new(fault));
            Json(fault).into_response()
        }
        Ok(fault) => refused(&format!("latencyMs must be from 0 to {LATENCY_MAX_MS}, not {}", fault.latency_ms)),
        Err(error) => refused(&error.to_string()),
    }
}

fn refused(details: &str) -> Response {
    let hint = r#"send {"mode": "none" | "fail" | "slow" | "vanish", "latencyMs": 3000}"#;
    body(StatusCode::BAD_REQUEST, "the fault is not one this server can have", Some(details), hint)
}

fn failed() -> Response {
    let hint = r#"PUT /dev/faults {"mode": "none"} makes it well"#;
    let mut response = body(StatusCode::SERVICE_UNAVAILABLE, "the server was told to fail", None, hint);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn body(status: StatusCode, message: &str, details: Option<&str>, hint: &str) -> Response {
    let error = json!({ "code": "SWDEV", "message": message, "details": details, "hint": hint });
    (status, Json(error)).into_response()
}

fn vanished() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(Vanish);
    response
}

#[cfg(test)]
mod tests {
    use axum::middleware::from_fn_with_state;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    fn app(faults: &Faults) -> Router {
        let work = Router::new()
            .route("/work", get(|| async { "done" }))
            .layer(from_fn_with_state(faults.clone(), Faults::inflict));
        faults.router().merge(work)
    }

    async fn send(app: &Router, method: &str, path: &str, body: &str) -> Response {
        let request = http::Request::builder().method(method).uri(path).body(Body::from(body.to_owned()));
        app.clone().oneshot(request.unwrap()).await.unwrap()
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_well_server_passes_calls() {
        let app = app(&Faults::default());
        assert_eq!(text(send(&app, "GET", "/work", "").await).await, "done");
    }

    #[tokio::test]
    async fn a_failing_server_answers_503_until_it_is_well() {
        let app = app(&Faults::default());
        assert_eq!(send(&app, "PUT", "/dev/faults", r#"{"mode":"fail"}"#).await.status(), StatusCode::OK);
        assert_eq!(send(&app, "GET", "/work", "").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        send(&app, "PUT", "/dev/faults", r#"{"mode":"none"}"#).await;
        assert_eq!(send(&app, "GET", "/work", "").await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_vanished_server_marks_its_answer_for_cutting() {
        let app = app(&Faults::default());
        send(&app, "PUT", "/dev/faults", r#"{"mode":"vanish"}"#).await;
        let response = send(&app, "GET", "/work", "").await;
        assert!(response.extensions().get::<Vanish>().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_server_answers_after_the_latency() {
        let app = app(&Faults::default());
        send(&app, "PUT", "/dev/faults", r#"{"mode":"slow","latencyMs":250}"#).await;
        let before = tokio::time::Instant::now();
        send(&app, "GET", "/work", "").await;
        assert_eq!(before.elapsed().as_millis(), 250);
    }

    #[tokio::test]
    async fn an_impossible_fault_is_refused_and_changes_nothing() {
        let app = app(&Faults::default());
        for wrong in [r#"{"mode":"burn"}"#, r#"{"mode":"slow","latencyMs":60001}"#, "[", ""] {
            assert_eq!(send(&app, "PUT", "/dev/faults", wrong).await.status(), StatusCode::BAD_REQUEST);
        }
        assert!(text(send(&app, "GET", "/dev/faults", "").await).await.contains(r#""mode":"none""#));
    }
}
