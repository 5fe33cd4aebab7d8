//! Lets administrators pass: a verified token whose claim says so, and nobody else.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::RequestId;
use crate::app::App;
use crate::auth::{Identity, is_admin};
use crate::error::ApiError;

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response> {
    let identity = request.extensions().get::<Identity>();
    let refusal = match identity {
        Some(identity) if is_admin(identity, &app.config.cluster) => return ControlFlow::Continue(()),
        Some(identity) if identity.authenticated => {
            let request_id = request
                .extensions()
                .get::<RequestId>()
                .map(|id| id.as_str().to_owned());
            app.events.security(
                "admin_denied",
                request_id,
                "a user without the admin claim was refused",
            );
            refused(StatusCode::FORBIDDEN, "this needs an administrator's token")
        }
        Some(_) | None => refused(StatusCode::UNAUTHORIZED, "this needs an administrator's token"),
    };
    ControlFlow::Break(refusal)
}

fn refused(status: StatusCode, message: &str) -> Response {
    let code = if status == StatusCode::FORBIDDEN {
        "SEAWALL_ADMIN_ONLY"
    } else {
        "SEAWALL_UNAUTHENTICATED"
    };
    ApiError::new(status, code, message).into_response()
}
