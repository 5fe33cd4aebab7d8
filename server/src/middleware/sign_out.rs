//! Notes a sign-out that is passed on: once the auth service has confirmed it, its tokens are refused here too.
//!
//! Who signs out often leaves at once, page and all. What the auth service has heard of is driven to its end all the
//! same, or the session would have ended there and go on here.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::Method;

use super::Next;
use crate::app::App;
use crate::auth::{SignOut, claims};
use crate::error::ApiError;
use crate::plain_path::plain;
use crate::to_its_end::to_its_end;

const PATH: &str = "/auth/v1/logout";

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !is_sign_out(request.uri().path()) {
        return next.run(request).await;
    }
    let token = claims::bearer(request.headers()).map(std::borrow::Cow::into_owned);
    let scope = SignOut::of_scope(scope(request.uri().query().unwrap_or_default()));
    let noted = to_its_end(async move {
        let response = next.run(request).await;
        if let Some(token) = token
            && response.status().is_success()
        {
            Box::pin(app.tokens.signed_out(&app, &token, scope)).await;
        }
        response
    });
    noted.await.unwrap_or_else(ApiError::into_response)
}

/// However it is spelt: the auth service understands other spellings too.
fn is_sign_out(path: &str) -> bool {
    plain(path).trim_end_matches('/') == PATH
}

fn scope(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("scope="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_out_is_one_however_it_is_spelt() {
        for path in [
            "/auth/v1/logout",
            "/auth/v1/logout/",
            "/auth/v1//logout",
            "/auth/v1/log%6Fut",
        ] {
            assert!(is_sign_out(path), "{path}");
        }
        assert!(!is_sign_out("/auth/v1/logouts") && !is_sign_out("/auth/v1/user"));
    }

    #[test]
    fn the_scope_is_in_the_query() {
        assert_eq!(scope("scope=local"), Some("local"));
        assert_eq!(scope("a=b&scope=others"), Some("others"));
        assert_eq!(scope(""), None);
    }
}
