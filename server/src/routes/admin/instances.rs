//! Which instances there are.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::App;

pub(super) async fn list(State(app): State<App>) -> Json<Value> {
    let now_ms = app.clock.unix().as_millis();
    let mut all = vec![app.instances.heartbeat(&app)];
    all.extend(app.instances.others(now_ms));
    let told: Vec<Value> = all
        .iter()
        .map(|heartbeat| {
            json!({
                "id": heartbeat.instance,
                "self": heartbeat.instance == app.instances.id(),
                "version": heartbeat.version,
                "startedMs": heartbeat.started_ms,
                "breakers": heartbeat.breakers,
            })
        })
        .collect();
    Json(json!({"instances": told}))
}
