//! A stand-in for storage: objects in memory, and uploads in parts by the TUS protocol.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response};
use serde_json::json;

use crate::stand_in::{Body, Seen, text};

#[derive(Default)]
pub(crate) struct Storage {
    uploads: Mutex<HashMap<String, (u64, u64)>>,
}

impl Storage {
    pub(crate) fn answer(&self, head: &Parts, path: &str, seen: &Seen) -> Response<Body> {
        let number = |name: &str| {
            head.headers
                .get(name)
                .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        };
        if let Some(id) = path.strip_prefix("/storage/v1/upload/resumable") {
            let host = head.headers["x-forwarded-host"].to_str().unwrap();
            return self.resumable(
                &head.method,
                host,
                id.trim_start_matches('/'),
                (number("upload-length"), number("upload-offset")),
                seen,
            );
        }
        match head.method {
            Method::POST | Method::PUT => {
                let key = path.trim_start_matches("/storage/v1/object/");
                text(200, json!({"Key": key, "Id": "1"}).to_string())
            }
            _ => text(
                404,
                json!({"statusCode": "404", "error": "not_found", "message": "Object not found"}).to_string(),
            ),
        }
    }

    fn resumable(
        &self,
        method: &Method,
        host: &str,
        id: &str,
        (length, offset): (Option<u64>, Option<u64>),
        seen: &Seen,
    ) -> Response<Body> {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = |status: u16, headers: &[(&str, String)]| {
            let mut response = Response::builder()
                .status(status)
                .header("tus-resumable", "1.0.0");
            for (name, value) in headers {
                response = response.header(*name, value);
            }
            use http_body_util::BodyExt as _;
            response
                .body(http_body_util::Full::new(Bytes::new()).boxed())
                .unwrap()
        };
        match *method {
            Method::POST => {
                let id = format!("upload-{}", uploads.len() + 1);
                let taken = seen.bytes as u64;
                uploads.insert(id.clone(), (taken, length.unwrap()));
                let location = format!("http://{host}/storage/v1/upload/resumable/{id}");
                answer(
                    201,
                    &[("location", location), ("upload-offset", taken.to_string())],
                )
            }
            Method::PATCH => match uploads.get_mut(id) {
                Some((at, _)) if Some(*at) == offset => {
                    *at += seen.bytes as u64;
                    answer(204, &[("upload-offset", at.to_string())])
                }
                Some(_) => answer(409, &[]),
                None => answer(404, &[]),
            },
            Method::HEAD => match uploads.get(id) {
                Some((at, length)) => answer(
                    200,
                    &[
                        ("upload-offset", at.to_string()),
                        ("upload-length", length.to_string()),
                    ],
                ),
                None => answer(404, &[]),
            },
            // Whose it is not may not end it.
            Method::DELETE if seen.headers.contains_key("x-stranger") => answer(403, &[]),
            Method::DELETE => {
                uploads.remove(id);
                answer(204, &[])
            }
            _ => answer(405, &[]),
        }
    }
}
