//! Uploads in parts, by the TUS protocol: the last part goes on when all of it was judged.
//!
//! Parts go to the upstream as they come, and a copy of them into the spool. An object
//! exists only once its last byte has arrived, so that byte is held back until the copy was
//! judged; if it is refused, the upload is ended at the upstream. What the upstream has
//! taken is never written over here, so what is judged is what it has. The copies are this
//! instance's: a part that comes to another one is told to begin again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Locked, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use tokio::sync::Mutex;

use super::refusal::Refusal;
use super::rules::Claims;
use super::spool::Spooled;
use super::{PATIENCE, Piece, blocking, judge, with_body};
use crate::app::App;
use crate::config::UpstreamUrl;
use crate::proxy::{self, Outgoing, Upstream};

/// An upload that nobody continues is forgotten.
const KEPT: Duration = Duration::from_secs(3600);
const MOST: usize = 1024;

/// Uploads under way, by the last part of their address.
#[derive(Default)]
pub(super) struct Resumables(Locked<HashMap<String, Kept>>);

#[derive(Clone)]
struct Kept {
    upload: Arc<Mutex<Upload>>,
    touched: Instant,
}

/// One upload.
struct Upload {
    copy: Spooled,
    /// Bytes the upstream has confirmed.
    accepted: u64,
    total: u64,
    bucket: String,
    claims: Claims,
}

/// Passes one request of the protocol on.
pub(super) async fn pass(
    app: &App,
    upstream: Upstream,
    url: &UpstreamUrl,
    outgoing: Outgoing,
) -> Result<Response, Refusal> {
    let resumables = &app.proxy.uploads.resumables;
    let id = id_of(&outgoing.path);
    let method = outgoing.request.method().clone();
    if method == Method::POST && id.is_none() {
        return create(app, upstream, url, outgoing).await;
    }
    let (Some(id), true) = (id, method == Method::PATCH || method == Method::HEAD) else {
        let ended = id_of(&outgoing.path).filter(|_| method == Method::DELETE);
        let response = proxy::pass(app, upstream, url, outgoing).await;
        // Whose upload it is, the upstream knows: a stranger's word ends nothing.
        if let Some(id) = ended.filter(|_| response.status().is_success()) {
            resumables.forget(&id);
        }
        return Ok(response);
    };
    let Some(upload) = resumables.find(&id) else {
        return if method == Method::HEAD {
            Ok(unknown())
        } else {
            Err(Refusal::Offset("this upload is not known here; begin again"))
        };
    };
    let mut upload = upload.lock().await;
    if method == Method::HEAD {
        return head(app, upstream, url, outgoing, &mut upload).await;
    }
    let at = number(outgoing.request.headers(), "upload-offset").ok_or(Refusal::Malformed("its offset"))?;
    let done = part(app, upstream, url, outgoing, &mut upload, at).await;
    if upload.accepted >= upload.total || done.as_ref().is_err_and(Refusal::is_final) {
        resumables.forget(&id);
    }
    done
}

async fn create(
    app: &App,
    upstream: Upstream,
    url: &UpstreamUrl,
    outgoing: Outgoing,
) -> Result<Response, Refusal> {
    let headers = outgoing.request.headers();
    let limit = app.config.uploads.limit;
    let total = number(headers, "upload-length")
        .ok_or(Refusal::Unsupported("the length of the whole must be known"))?;
    if total > limit {
        return Err(Refusal::TooLarge(limit));
    }
    let metadata = metadata(headers);
    let name = metadata.get("objectName").map(|name| last(name));
    let spool = app.proxy.uploads.spool.clone();
    let mut upload = Upload {
        copy: blocking(move || spool.file()).await?,
        accepted: 0,
        total,
        bucket: metadata.get("bucketName").cloned().unwrap_or_default(),
        claims: Claims {
            media: metadata.get("contentType").cloned(),
            name,
        },
    };
    let response = part(app, upstream, url, outgoing, &mut upload, 0).await?;
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    if let Some(id) = location.and_then(id_of)
        && upload.accepted < total
    {
        app.proxy.uploads.resumables.keep(id, upload)?;
    }
    Ok(response)
}

/// The upstream may have taken some of a part whose answer was lost.
async fn head(
    app: &App,
    upstream: Upstream,
    url: &UpstreamUrl,
    outgoing: Outgoing,
    upload: &mut Upload,
) -> Result<Response, Refusal> {
    let response = proxy::pass(app, upstream, url, outgoing).await;
    if let Some(taken) =
        number(response.headers(), "upload-offset").filter(|_| response.status().is_success())
    {
        if taken < upload.accepted || taken > upload.copy.len() {
            return Ok(unknown());
        }
        upload.accepted = taken;
    }
    Ok(response)
}

/// Keeps a part, judges the whole if it is the last one, and sends the part on.
async fn part(
    app: &App,
    upstream: Upstream,
    url: &UpstreamUrl,
    mut outgoing: Outgoing,
    upload: &mut Upload,
    at: u64,
) -> Result<Response, Refusal> {
    if at != upload.accepted {
        return Err(Refusal::Offset(
            "the part does not begin where the last one ended",
        ));
    }
    let body = std::mem::replace(outgoing.request.body_mut(), Body::empty());
    upload.copy.cut(at);
    let room = upload.total - at;
    let copy = app
        .proxy
        .uploads
        .spool
        .take(body, upload.copy.clone(), room, PATIENCE)
        .await?;
    upload.copy = copy;
    let end = upload.copy.len();
    let request_id = outgoing.hop.request_id().map(str::to_owned);
    if end == upload.total
        && let Err(refusal) = judge(
            app,
            &upload.copy.whole(),
            upload.claims.clone(),
            &upload.bucket,
            request_id.as_deref(),
        )
        .await
    {
        if outgoing.request.method() == Method::PATCH {
            discard(app, upstream, url, outgoing).await;
        }
        return Err(refusal);
    }
    let content = upload.copy.slice(at, end);
    let outgoing = if content.len() > 0 {
        with_body(outgoing, content.len(), vec![Piece::Content(content)])
    } else {
        without_body(outgoing)
    };
    let response = proxy::pass(app, upstream, url, outgoing).await;
    if response.status().is_success() {
        upload.accepted = number(response.headers(), "upload-offset")
            .unwrap_or(at)
            .clamp(at, end);
    }
    Ok(response)
}

/// Ends an upload at the upstream.
async fn discard(app: &App, upstream: Upstream, url: &UpstreamUrl, outgoing: Outgoing) {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::DELETE;
    *request.uri_mut() = outgoing.request.uri().clone();
    *request.headers_mut() = outgoing.request.headers().clone();
    for name in ["content-length", "content-type", "upload-offset"] {
        request.headers_mut().remove(name);
    }
    let response = proxy::pass(app, upstream, url, Outgoing { request, ..outgoing }).await;
    if !response.status().is_success() {
        tracing::warn!(
            status = response.status().as_u16(),
            "a refused upload could not be ended at the upstream"
        );
    }
}

fn without_body(mut outgoing: Outgoing) -> Outgoing {
    outgoing
        .request
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(0));
    outgoing
}

impl Resumables {
    fn find(&self, id: &str) -> Option<Arc<Mutex<Upload>>> {
        self.with(|kept| {
            let found = kept.get_mut(id)?;
            found.touched = Instant::now();
            Some(Arc::clone(&found.upload))
        })
    }

    fn keep(&self, id: String, upload: Upload) -> Result<(), Refusal> {
        self.with(|kept| {
            kept.retain(|_, kept| kept.touched.elapsed() < KEPT);
            if kept.len() >= MOST {
                return Err(Refusal::SpoolFull);
            }
            let upload = Arc::new(Mutex::new(upload));
            kept.insert(
                id,
                Kept {
                    upload,
                    touched: Instant::now(),
                },
            );
            Ok(())
        })
    }

    fn forget(&self, id: &str) {
        self.with(|kept| kept.remove(id));
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Kept>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What stands behind `/upload/resumable/` in a path or an address.
fn id_of(address: &str) -> Option<String> {
    let (_, id) = address.split_once("/upload/resumable/")?;
    let id = id
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    let id = id.strip_prefix("sign/").unwrap_or(id);
    (!id.is_empty() && id != "sign").then(|| id.to_owned())
}

/// `Upload-Metadata`: names, each with a value in base64.
fn metadata(headers: &HeaderMap) -> HashMap<String, String> {
    let text = headers
        .get("upload-metadata")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    text.split(',')
        .filter_map(|pair| {
            let (name, value) = pair.trim().split_once(' ')?;
            let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
            Some((name.to_owned(), value))
        })
        .collect()
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Clients of the protocol begin again when they are told so.
fn unknown() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_known_by_the_end_of_its_address() {
        assert_eq!(
            id_of("/storage/v1/upload/resumable/abc=="),
            Some("abc==".to_owned())
        );
        assert_eq!(
            id_of("http://s/storage/v1/upload/resumable/sign/abc?x"),
            Some("abc".to_owned())
        );
        assert_eq!(id_of("/storage/v1/upload/resumable"), None);
        assert_eq!(id_of("/storage/v1/upload/resumable/sign"), None);
    }

    #[test]
    fn metadata_is_named_base64() {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("upload-metadata"),
            HeaderValue::from_static("bucketName YXZhdGFycw==,objectName YS9iLnBuZw==, odd"),
        )]);
        let metadata = metadata(&headers);
        assert_eq!(metadata["bucketName"], "avatars");
        assert_eq!(last(&metadata["objectName"]), "b.png");
    }
}
