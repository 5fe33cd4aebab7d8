//! A JSON body, or an error in the one shape.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// What the body says.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

/// Text that PostgreSQL can be asked for: it knows no zero byte.
///
/// # Errors
/// When there is one in it.
pub(super) fn askable(text: Option<String>) -> Result<Option<String>, ApiError> {
    if text.as_deref().is_none_or(|text| !text.contains('\0')) {
        return Ok(text);
    }
    let message = "nothing that is kept has a zero byte in it";
    Err(ApiError::new(
        StatusCode::BAD_REQUEST,
        "SEAWALL_BAD_REQUEST",
        message,
    ))
}

fn refused(rejection: &JsonRejection) -> ApiError {
    let status = match rejection {
        JsonRejection::MissingJsonContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        JsonRejection::BytesRejection(_) => rejection.status(),
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) | _ => StatusCode::BAD_REQUEST,
    };
    ApiError::new(status, "SEAWALL_BAD_REQUEST", rejection.body_text())
}
