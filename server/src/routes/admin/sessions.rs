//! Sessions: what was ended before its time, and ending more.
//!
//! Seawall keeps no list of who is signed in: tokens are good by themselves. What it knows is
//! what is refused all the same, by digest, so this names nobody either.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::JsonBody;
use crate::app::App;
use crate::auth::Ended;
use crate::error::ApiError;
use crate::to_its_end::to_its_end;

const SHOWN: usize = 100;
const LONGEST: usize = 16 * 1024;

/// Exactly one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(super) enum Wish {
    Token(String),
    Session(String),
    User(String),
}

pub(super) async fn list(State(app): State<App>) -> Json<Value> {
    Json(json!({
        "revoked": app.tokens.revoked(),
        "longest": app.tokens.revocations(SHOWN),
    }))
}

/// Answers when it holds here; the other instances hear at once.
pub(super) async fn revoke(
    State(app): State<App>,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<StatusCode, ApiError> {
    let (name, ended) = match wish {
        Wish::Token(token) => (token.len(), Ended::Token(token)),
        Wish::Session(id) => (id.len(), Ended::Session(id)),
        Wish::User(id) => (id.len(), Ended::User(id)),
    };
    if name == 0 || name > LONGEST {
        return Err(refused(
            "a token, a session or a user is named by a text of 1 to 16384 bytes",
        ));
    }
    // What is not kept would be forgotten with this process.
    if !to_its_end(async move { app.tokens.end(&app, ended).await }).await? {
        return Err(refused("what was given as a token is none"));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn refused(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_REQUEST", message)
}
