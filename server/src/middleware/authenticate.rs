//! Turns the request's token, or its absence, into an identity; a bad token ends here.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::auth::error::reason;
use crate::auth::{claims, jwt};
use crate::error::ApiError;
use crate::proxy::{NOBODY, Passing};
use crate::rest::JwtTime;

/// Who asks for what is passed on may be nobody: the upstream knows what nobody may do.
fn anonymous<'a>(request: &Request, role: Option<&'a str>) -> Option<&'a str> {
    let passing = request.extensions().get::<Passing>();
    role.or(passing.map(|_| NOBODY))
}

pub(super) async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let config = app.rest.config();
    let token = claims::bearer(request.headers());
    match jwt::identify(
        &config.jwt,
        anonymous(&request, config.rest.anon_role.as_deref()),
        token.as_deref(),
        app.clock.unix_seconds(),
    ) {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            request.extensions_mut().insert(JwtTime(started.elapsed()));
            next.run(request).await
        }
        Err(error) => {
            app.metrics.auth_failure(reason(&error));
            ApiError::from(error.report()).into_response()
        }
    }
}
