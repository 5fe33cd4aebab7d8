//! Faults on demand, for watching a guard at work.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::ApiError;

const MOST_LATENCY_MS: u64 = 600_000;

/// The fault requests meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Fail,
    Slow(Duration),
    Vanish,
}

/// The switch.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Setting>);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Setting {
    mode: Mode,
    #[serde(default = "default_latency_ms")]
    latency_ms: u64,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    None,
    Fail,
    Slow,
    Vanish,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            mode: Mode::None,
            latency_ms: default_latency_ms(),
        }
    }
}

impl Faults {
    pub(crate) fn current(&self) -> Fault {
        let setting = self.setting();
        match setting.mode {
            Mode::None => Fault::None,
            Mode::Fail => Fault::Fail,
            Mode::Slow => Fault::Slow(Duration::from_millis(setting.latency_ms)),
            Mode::Vanish => Fault::Vanish,
        }
    }

    fn setting(&self) -> Setting {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, setting: Setting) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = setting;
        tracing::warn!(mode = ?setting.mode, latency_ms = setting.latency_ms, "fault set");
    }
}

pub(super) async fn read(State(app): State<App>) -> Response {
    match &app.dev.faults {
        Some(faults) => Json(faults.setting()).into_response(),
        None => ApiError::not_found().into_response(),
    }
}

pub(super) async fn write(State(app): State<App>, body: Bytes) -> Response {
    let Some(faults) = &app.dev.faults else {
        return ApiError::not_found().into_response();
    };
    match serde_json::from_slice::<Setting>(&body) {
        Ok(setting) if setting.latency_ms <= MOST_LATENCY_MS => {
            faults.set(setting);
            Json(setting).into_response()
        }
        Ok(_) => refused(format!("latencyMs must be at most {MOST_LATENCY_MS}")),
        Err(error) => refused(format!("must be {{\"mode\", \"latencyMs\"}}: {error}")),
    }
}

fn refused(message: String) -> Response {
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_FAULT", message).into_response()
}

fn default_latency_ms() -> u64 {
    3_000
}
