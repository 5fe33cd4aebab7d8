//! Limits: who is near one, what each tier allows, and a key given its whole burst again.
//!
//! Keys are hashes: an administrator sees that somebody is over a limit, not who.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use seawall_policy::limit::Quota;
use seawall_policy::time::Span;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::JsonBody;
use crate::app::App;
use crate::error::ApiError;
use crate::limits::{self, Adjustment, LimitKey};

const SHOWN: usize = 100;

/// A quota as the policy document writes one.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct WishedQuota {
    limit: u32,
    window: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    general: Option<WishedQuota>,
    expensive: Option<WishedQuota>,
}

pub(super) async fn read(State(app): State<App>) -> Json<Value> {
    let tiers: Vec<Value> = app
        .limits
        .rules()
        .config
        .tiers
        .all()
        .iter()
        .map(|tier| tier.describe())
        .collect();
    Json(json!({
        "enabled": app.limits.rules().config.enabled,
        "degraded": app.limits.is_degraded(),
        "instances": app.limits.members(),
        "keys": app.limits.keys(),
        "leftUnderStress": app.limits.pressure.percent(),
        "tiers": tiers,
        "nearest": app.limits.nearest(SHOWN),
    }))
}

pub(super) async fn adjust(
    State(app): State<App>,
    Path(name): Path<String>,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<Json<Value>, ApiError> {
    let adjustment = Adjustment {
        general: wish.general.map(quota).transpose()?,
        expensive: wish.expensive.map(quota).transpose()?,
    };
    if !limits::adjust(&app, &name, adjustment) {
        return Err(ApiError::not_found());
    }
    let rules = app.limits.rules();
    let tier = rules.config.tiers.named(&name).ok_or_else(ApiError::not_found)?;
    Ok(Json(tier.describe()))
}

pub(super) async fn unblock(State(app): State<App>, Path(key): Path<String>) -> Result<StatusCode, ApiError> {
    let key = LimitKey::parse(&key).ok_or_else(ApiError::not_found)?;
    limits::unblock(&app, key).await;
    Ok(StatusCode::NO_CONTENT)
}

fn quota(wish: WishedQuota) -> Result<Quota, ApiError> {
    Quota::try_new(wish.limit, Span::from_millis(wish.window))
        .map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_REQUEST", error.to_string()))
}
