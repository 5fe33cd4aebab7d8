//! Turns a defect of the server into a 500 and a count.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;

use super::Next;
use crate::app::App;
use crate::error::ApiError;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    // What is further in is not used again after a panic.
    let caught = AssertUnwindSafe(async { next.run(request).await }).catch_unwind();
    match caught.await {
        Ok(response) => response,
        Err(panic) => {
            app.metrics.panicked();
            ApiError::internal(format!("panic: {}", words(&*panic))).into_response()
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or_default()
}
