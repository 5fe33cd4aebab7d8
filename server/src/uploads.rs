//! Uploads: nothing goes on before all of it was looked at.
//!
//! The bytes come into a bounded spool on disk, never whole into memory. There the content
//! is named by its bytes, held against name, header and the bucket's rules, opened where it
//! is an archive or an image with markup, and shown to the malware scanner. Only then does
//! it go to the upstream. What cannot be judged is refused.

mod archive;
mod clamd;
mod content;
mod form;
mod inspect;
mod place;
mod polyglot;
mod quarantine;
mod refusal;
mod resumable;
mod rules;
mod scan;
mod spool;
mod svg;
mod xml;

pub(crate) use place::Place;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::config::{UploadConfig, UpstreamUrl};
use crate::proxy::{self, Outgoing, Upstream};
use form::Piece;
use place::Manner;
use refusal::Refusal;
use resumable::Resumables;
use rules::Claims;
use spool::{Slice, Spool, Spooled};

/// A body that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Headers and boundaries of a form, beside its files.
const FORM_ROOM: u64 = 1 << 20;

/// What uploads share.
pub(crate) struct Uploads {
    spool: Spool,
    /// Looking into archives takes a processor: so many at once.
    judges: Arc<Semaphore>,
    resumables: Resumables,
}

impl Uploads {
    pub(crate) fn new(config: &UploadConfig) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            spool: Spool::new(&config.spool, config.spool_limit),
            judges: Arc::new(Semaphore::new(processors)),
            resumables: Resumables::default(),
        }
    }

    /// Bytes that wait to be judged.
    pub(crate) fn waiting(&self) -> u64 {
        self.spool.used()
    }
}

/// Takes an upload, judges it, and sends it on.
pub(crate) async fn pass(
    app: &App,
    upstream: Upstream,
    url: &UpstreamUrl,
    place: Place,
    outgoing: Outgoing,
) -> Response {
    let request_id = outgoing.hop.request_id().map(str::to_owned);
    let limit = app.config.uploads.timeout;
    let judged = tokio::time::timeout(limit, received(app, upstream, url, &place, outgoing)).await;
    let refusal = match judged {
        Ok(Ok(Passed::Answered(response))) => {
            app.metrics.upload("passed");
            return response;
        }
        Ok(Ok(Passed::Ready(outgoing))) => {
            app.metrics.upload("passed");
            return proxy::pass(app, upstream, url, *outgoing).await;
        }
        Ok(Err(refusal)) => refusal,
        Err(_) => Refusal::Malformed("it took too long"),
    };
    app.metrics.upload(refusal.word());
    if refusal.is_suspicious() {
        let details = format!("an upload was refused: {}", refusal.word());
        app.events.security("upload_refused", request_id, details);
    }
    refusal.answer().into_response()
}

/// What became of an upload that was not refused.
enum Passed {
    /// To be sent on.
    Ready(Box<Outgoing>),
    /// It was, and this is the answer.
    Answered(Response),
}

async fn received(
    app: &App,
    upstream: Upstream,
    url: &UpstreamUrl,
    place: &Place,
    outgoing: Outgoing,
) -> Result<Passed, Refusal> {
    match place.manner {
        Manner::Whole => whole(app, place, outgoing)
            .await
            .map(|ready| Passed::Ready(Box::new(ready))),
        Manner::Resumable => resumable::pass(app, upstream, url, outgoing)
            .await
            .map(Passed::Answered),
        Manner::Opaque => Err(Refusal::Unsupported("use storage's own protocol, not S3's")),
    }
}

async fn whole(app: &App, place: &Place, mut outgoing: Outgoing) -> Result<Outgoing, Refusal> {
    let config = &app.config.uploads;
    let headers = outgoing.request.headers();
    let boundary = text(headers, CONTENT_TYPE).and_then(form::boundary);
    let room = if boundary.is_some() { FORM_ROOM } else { 0 };
    check_head(headers, config.limit, room)?;
    let body = std::mem::replace(outgoing.request.body_mut(), Body::empty());
    let spooled = spool(app, body, config.limit + room).await?;
    match boundary {
        Some(boundary) => form_of(app, place, outgoing, &spooled, boundary).await,
        None => {
            let claims = Claims {
                media: text(outgoing.request.headers(), CONTENT_TYPE).map(str::to_owned),
                name: place.name.clone(),
            };
            let content = spooled.whole();
            judge(app, &content, claims, &place.bucket, outgoing.hop.request_id()).await?;
            Ok(with_body(outgoing, content.len(), vec![Piece::Content(content)]))
        }
    }
}

async fn form_of(
    app: &App,
    place: &Place,
    mut outgoing: Outgoing,
    spooled: &Spooled,
    boundary: String,
) -> Result<Outgoing, Refusal> {
    let form = spooled.whole();
    let parts = blocking(move || form::parts(&form, &boundary)).await?;
    for part in parts.iter().filter(|part| part.is_file) {
        if part.content.len() > app.config.uploads.limit {
            return Err(Refusal::TooLarge(app.config.uploads.limit));
        }
        // A name of the object is held to as well as the file's own.
        for name in [part.claims.name.clone(), place.name.clone()] {
            let claims = Claims {
                name,
                ..part.claims.clone()
            };
            light(&part.content, claims).await?;
        }
        judge(
            app,
            &part.content,
            part.claims.clone(),
            &place.bucket,
            outgoing.hop.request_id(),
        )
        .await?;
    }
    let (media, len, pieces) = form::written(parts);
    if let Ok(media) = HeaderValue::try_from(media) {
        outgoing.request.headers_mut().insert(CONTENT_TYPE, media);
    }
    Ok(with_body(outgoing, len, pieces))
}

/// Size and encoding, as far as they are declared.
fn check_head(headers: &HeaderMap, limit: u64, room: u64) -> Result<(), Refusal> {
    let declared = text(headers, CONTENT_LENGTH).and_then(|len| len.parse::<u64>().ok());
    if declared.is_some_and(|len| len > limit + room) {
        return Err(Refusal::TooLarge(limit));
    }
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Refusal::Unsupported("the body is encoded"));
    }
    is_clear(headers)
}

/// What an upstream could read as a form is read as one here, or refused: a media type that is told twice, is no plain
/// text to us, or is another kind of parts.
fn is_clear(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut told = headers.get_all(CONTENT_TYPE).iter();
    let (Some(media), None) = (told.next(), told.next()) else {
        return if headers.contains_key(CONTENT_TYPE) {
            Err(Refusal::Malformed("its media type is told twice"))
        } else {
            Ok(())
        };
    };
    let Ok(media) = media.to_str() else {
        return Err(Refusal::Malformed("its media type is no plain text"));
    };
    let has_parts = media.trim_start().to_ascii_lowercase().starts_with("multipart/");
    if has_parts && form::boundary(media).is_none() {
        return Err(Refusal::Unsupported("parts that are no form"));
    }
    Ok(())
}

async fn spool(app: &App, body: Body, limit: u64) -> Result<Spooled, Refusal> {
    let spool = &app.proxy.uploads.spool;
    let file = {
        let spool = spool.clone();
        blocking(move || spool.file()).await?
    };
    spool.take(body, file, limit, PATIENCE).await
}

/// Only whether it is what it is called.
async fn light(content: &Slice, claims: Claims) -> Result<(), Refusal> {
    let content = content.clone();
    blocking(move || {
        let head = content
            .head(content::HEAD)
            .map_err(|error| Refusal::Spool(error.to_string()))?;
        rules::is_what_it_is_called(content::of(&head), &claims)
    })
    .await
}

/// All of it.
async fn judge(
    app: &App,
    content: &Slice,
    claims: Claims,
    bucket: &str,
    request_id: Option<&str>,
) -> Result<(), Refusal> {
    let judges = Arc::clone(&app.proxy.uploads.judges);
    let permit = judges
        .acquire_owned()
        .await
        .map_err(|error| Refusal::Spool(error.to_string()))?;
    let (parts, content_seen, bucket_of) = (app.clone(), content.clone(), bucket.to_owned());
    blocking(move || {
        let _one_of_few = permit;
        let (spool, config) = (&parts.proxy.uploads.spool, &parts.config.uploads);
        inspect::judge(&content_seen, &claims, &bucket_of, spool, config)
    })
    .await?;
    scan::scan(app, content, bucket, request_id).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Refusal::Spool(error.to_string()))?
}

/// The request with what was judged as its body.
fn with_body(mut outgoing: Outgoing, len: u64, pieces: Vec<Piece>) -> Outgoing {
    let stream = futures_util::stream::iter(pieces).flat_map(|piece| match piece {
        Piece::Text(text) => {
            let bytes = Ok::<_, std::io::Error>(Bytes::from(text));
            futures_util::stream::once(std::future::ready(bytes)).left_stream()
        }
        Piece::Content(content) => content.stream().right_stream(),
    });
    *outgoing.request.body_mut() = Body::from_stream(stream);
    outgoing
        .request
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(len));
    outgoing
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
