//! Asking whatever stands behind the cache, and keeping what comes back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http::header::IF_NONE_MATCH;
use seawall_policy::cache::admit::{Reply, judge};
use seawall_policy::cache::lookup::rescues;
use seawall_policy::class::Category;

use super::say;
use crate::app::App;
use crate::cache::answer::{directives, entry, may_be_kept, respond};
use crate::cache::asked::Read;
use crate::cache::{Before, Cache, Found, Landing, Touched, Word};
use crate::error::ErrorReport;
use crate::middleware::Next;

/// What came of asking.
pub(super) struct Fetched {
    pub(super) response: Response,
    pub(super) landing: Landing,
    pub(super) failure: Option<Category>,
    pub(super) word: Word,
}

impl Fetched {
    /// The answer, or what is at hand instead of a failure.
    pub(super) fn finish(self, cache: &Cache, read: &Read, found: Option<&Found>, app: &App) -> Response {
        let rescue = found.filter(|found| {
            self.failure
                .is_some_and(|failure| rescues(found.age, read.mode, failure))
        });
        if let Some(found) = rescue {
            cache.count(Word::Stale);
            return respond(&found.entry, read, Word::Stale, app.clock.unix());
        }
        let mut response = self.response;
        say(cache, &mut response, self.word);
        response
    }
}

/// Asks whatever stands behind this layer, and keeps the answer where it may be.
pub(super) async fn fetch(
    app: &App,
    read: &Read,
    mut request: Request,
    next: Next,
    before: Before,
) -> Fetched {
    // The whole answer is wanted, to be kept; whether the caller has it already is seen afterwards.
    request.headers_mut().remove(IF_NONE_MATCH);
    let asked_at = app.clock.unix();
    let response = next.run(request).await;
    let unkept = |response, failure, word| Fetched {
        response,
        landing: Landing::Unkept,
        failure,
        word,
    };
    let Some(cache) = &app.cache else {
        return unkept(response, None, Word::Bypass);
    };
    let verdict = verdict(read, &response);
    cache.set_troubled(matches!(verdict, Reply::Failed(_)));
    match verdict {
        Reply::Keep => {}
        Reply::Failed(category) => return unkept(response, Some(category), Word::Miss),
        Reply::Discard => {
            cache.discard(read).await;
            return unkept(response, None, Word::Miss);
        }
        Reply::Renew | Reply::Pass => return unkept(response, None, Word::Miss),
    }
    let touched = match response.extensions().get::<Touched>() {
        Some(touched) => touched.clone(),
        None if read.passed_on => {
            cache.may_have_read(app.rest.graph().as_deref(), &read.endpoint, &read.query)
        }
        None => Touched::default(),
    };
    if !touched.keep || !may_be_kept(response.headers()) {
        return unkept(response, None, Word::Bypass);
    }
    let (whole, body) = match within(response, cache.config.largest_bytes).await {
        Ok(whole) => whole,
        Err(response) => return unkept(response, None, Word::Bypass),
    };
    let (key, entry) = entry(read, &touched, &whole, &body, asked_at);
    let answer = respond(&entry, read, Word::Miss, app.clock.unix());
    let landing = match cache.keep(key, &before, entry).await {
        // Whoever waits for everybody's answer finds none.
        Landing::Kept if key != *read.flight() => Landing::Unkept,
        landing @ (Landing::Kept | Landing::Lost | Landing::Unkept | Landing::Flying) => landing,
    };
    Fetched {
        response: with_extensions(answer, whole),
        landing,
        failure: None,
        word: Word::Miss,
    }
}

fn verdict(read: &Read, response: &Response) -> Reply {
    let report = response.extensions().get::<Arc<ErrorReport>>();
    let code = report.map(|report| report.code.as_str());
    let vary = response
        .headers()
        .get("vary")
        .and_then(|value| value.to_str().ok());
    judge(
        read.service,
        response.status().as_u16(),
        code,
        &directives(response.headers()),
        vary.unwrap_or_default(),
        false,
    )
}

/// The whole body, where it is no larger than that; otherwise the answer as it was, unread or put together again.
async fn within(response: Response, largest: u64) -> Result<(Response, Bytes), Response> {
    let largest = usize::try_from(largest).unwrap_or(usize::MAX);
    let (parts, body) = response.into_parts();
    let declared = http_body::Body::size_hint(&body).lower();
    if usize::try_from(declared).unwrap_or(usize::MAX) > largest {
        return Err(Response::from_parts(parts, body));
    }
    let mut rest = body.into_data_stream();
    let mut read = BytesMut::new();
    while let Some(piece) = rest.next().await {
        match piece {
            Ok(piece) if read.len() + piece.len() <= largest => read.extend_from_slice(&piece),
            other => {
                let begun = stream::iter([Ok(read.freeze()), other]);
                return Err(Response::from_parts(parts, Body::from_stream(begun.chain(rest))));
            }
        }
    }
    Ok((Response::from_parts(parts, Body::empty()), read.freeze()))
}

/// What layers outside read off an answer stays on it.
fn with_extensions(mut answer: Response, mut whole: Response) -> Response {
    *answer.extensions_mut() = std::mem::take(whole.extensions_mut());
    if let Some(timing) = whole.headers_mut().remove("server-timing") {
        answer.headers_mut().insert("server-timing", timing);
    }
    answer
}
