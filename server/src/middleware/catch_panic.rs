//! Turns a defect of the server into a 500 and a count.

use std::any::Any;

use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use crate::app::App;
use crate::error::ApiError;

pub(super) fn layer(app: &App) -> CatchPanicLayer<Answer> {
    CatchPanicLayer::custom(Answer(app.clone()))
}

#[derive(Clone)]
pub(super) struct Answer(App);

impl ResponseForPanic for Answer {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send + 'static>) -> Response {
        self.0.metrics.panicked();
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        ApiError::internal(format!("panic: {}", text.unwrap_or_default())).into_response()
    }
}
