//! A job: a write that was accepted, who asked for it, and what became of it.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use seawall_policy::queue::priority::Priority;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::auth::{Digest, Identity, Named};

/// Headers that hold secrets or belong to one connection; a job is kept without them.
const NOT_KEPT: [&str; 14] = [
    "authorization",
    "apikey",
    "x-api-key",
    "cookie",
    "proxy-authorization",
    "idempotency-key",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A write that wants to be queued.
#[derive(Debug)]
pub(crate) struct NewJob {
    pub(crate) id: Uuid,
    pub(crate) owner: String,
    pub(crate) identity: Identity,
    /// The token that asked.
    pub(crate) token: Option<Digest>,
    pub(crate) request: JobRequest,
    pub(crate) priority: Priority,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) request_id: Option<String>,
}

/// The request as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct JobRequest {
    /// The prefix the REST interface was reached by.
    pub(crate) mount: String,
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Who may see a job: the user a token names, else everybody of the role. Hashed, since it is nobody's to read.
pub(crate) fn owner(identity: &Identity) -> String {
    let mut hash = Context::new(&SHA256);
    let issuer = identity
        .claims
        .get("iss")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match identity.subject() {
        Some(subject) => {
            for part in ["user", issuer, subject] {
                feed(&mut hash, part.as_bytes());
            }
        }
        None => {
            for part in ["role", issuer, &identity.role] {
                feed(&mut hash, part.as_bytes());
            }
        }
    }
    URL_SAFE_NO_PAD.encode(hash.finish())
}

/// Lengths go in as well, so that no two lists of parts read the same.
fn feed(hash: &mut Context, part: &[u8]) {
    hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
    hash.update(part);
}

impl JobRequest {
    /// The headers without secrets.
    pub(crate) fn kept(headers: &HeaderMap) -> HeaderMap {
        headers
            .iter()
            .filter(|(name, _)| !NOT_KEPT.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// What makes two requests the same for an idempotency key.
    pub(crate) fn fingerprint(&self, organisation: Option<&str>) -> Vec<u8> {
        let mut hash = Context::new(&SHA256);
        feed(&mut hash, self.method.as_bytes());
        feed(&mut hash, self.target.as_bytes());
        for name in [
            "prefer",
            "content-type",
            "content-profile",
            "accept",
            "accept-profile",
        ] {
            for value in self.headers.get_all(name) {
                feed(&mut hash, name.as_bytes());
                feed(&mut hash, value.as_bytes());
            }
        }
        feed(&mut hash, &self.body);
        if let Some(organisation) = organisation {
            feed(&mut hash, organisation.as_bytes());
        }
        hash.finish().as_ref().to_vec()
    }
}

/// Headers as a JSON list of pairs, which keeps repeated ones.
pub(crate) fn pairs(headers: &HeaderMap) -> Value {
    headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect()
}

/// The other way round; what is no header is left out.
pub(crate) fn headers(pairs: &Value) -> HeaderMap {
    let pair = |pair: &Value| {
        let name = HeaderName::try_from(pair.get(0)?.as_str()?).ok()?;
        let value = HeaderValue::try_from(pair.get(1)?.as_str()?).ok()?;
        Some((name, value))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.as_array().into_iter().flatten().filter_map(pair) {
        headers.append(name, value);
    }
    headers
}

/// A job that this worker carries out.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Claimed {
    pub(crate) id: Uuid,
    pub(crate) attempts: i16,
    pub(crate) role: String,
    pub(crate) claims: Value,
    pub(crate) authenticated: bool,
    pub(crate) organisation: Option<String>,
    pub(crate) token: Option<Vec<u8>>,
    pub(crate) mount: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Value,
    pub(crate) body: Vec<u8>,
    pub(crate) request_id: Option<String>,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) place: OffsetDateTime,
}

impl Claimed {
    /// Who asked, as it was verified then.
    pub(crate) fn identity(&self) -> Identity {
        let claims = self.claims.as_object().cloned().unwrap_or_default();
        Identity {
            claims: claims.into(),
            role: self.role.as_str().into(),
            authenticated: self.authenticated,
            organisation: self.organisation.as_deref().map(Into::into),
        }
    }

    /// By what the word of who asked can be revoked.
    pub(crate) fn named(&self) -> Named {
        let token = self.token.as_deref().and_then(Digest::from_bytes);
        Named::of(&self.identity(), token)
    }

    /// When the caller's token expires, in seconds since 1970.
    pub(crate) fn expires_s(&self) -> Option<i64> {
        expires_s(self.claims.as_object()?)
    }
}

fn expires_s(claims: &Map<String, Value>) -> Option<i64> {
    let exp = claims.get("exp")?;
    exp.as_i64().or_else(|| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the cast saturates, and a fraction does not matter"
        )]
        let whole = exp.as_f64()? as i64;
        Some(whole)
    })
}

/// A job as it is told about.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct JobStatus {
    pub(crate) id: Uuid,
    pub(crate) state: String,
    pub(crate) owner: String,
    pub(crate) priority: i16,
    pub(crate) attempts: i16,
    pub(crate) stalls: i16,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) run_at: OffsetDateTime,
    pub(crate) started_at: Option<OffsetDateTime>,
    pub(crate) finished_at: Option<OffsetDateTime>,
    pub(crate) status: Option<i16>,
    pub(crate) result_code: Option<String>,
    pub(crate) result_headers: Option<Value>,
    pub(crate) result_body: Option<Vec<u8>>,
    pub(crate) result_omitted: bool,
}

impl JobStatus {
    /// The job as JSON, its result included.
    pub(crate) fn json(&self) -> Value {
        let mut job = self.summary();
        if let (Some(status), Some(members)) = (self.status, job.as_object_mut()) {
            let headers = self.result_headers.clone().unwrap_or_else(|| json!([]));
            let result = json!({
                "status": status,
                "headers": headers,
                "body": body(self.result_body.as_deref(), &headers_of(&headers)),
                "omitted": self.result_omitted,
            });
            members.insert("result".to_owned(), result);
        }
        job
    }

    /// The same without the result, for lists.
    pub(crate) fn summary(&self) -> Value {
        let name = u8::try_from(self.priority)
            .map_or(Priority::Normal, Priority::from_code)
            .name();
        json!({
            "id": self.id,
            "state": self.state,
            "priority": name,
            "method": self.method,
            "path": self.target.split('?').next().unwrap_or_default(),
            "attempts": self.attempts,
            "stalls": self.stalls,
            "code": self.result_code,
            "createdAt": stamp(self.created_at),
            "runAt": stamp(self.run_at),
            "startedAt": self.started_at.map(stamp),
            "finishedAt": self.finished_at.map(stamp),
        })
    }
}

fn headers_of(pairs: &Value) -> HeaderMap {
    headers(pairs)
}

/// JSON as JSON, other text as text, bytes as base64.
fn body(body: Option<&[u8]>, headers: &HeaderMap) -> Value {
    let Some(bytes) = body.filter(|bytes| !bytes.is_empty()) else {
        return Value::Null;
    };
    let kind = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind.contains("json")
        && let Ok(json) = serde_json::from_slice(bytes)
    {
        return json;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({"base64": STANDARD.encode(bytes)}),
    }
}

fn stamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ClaimPath;

    fn identity(claims: &Value) -> Identity {
        Identity::of(
            claims.as_object().unwrap().clone(),
            &ClaimPath::default(),
            Some("anon"),
            true,
        )
        .unwrap()
    }

    fn request(body: &'static str, prefer: &'static str) -> JobRequest {
        JobRequest {
            mount: "/rest/v1".to_owned(),
            method: "POST".to_owned(),
            target: "/rest/v1/t".to_owned(),
            headers: HeaderMap::from_iter([(
                HeaderName::from_static("prefer"),
                HeaderValue::from_static(prefer),
            )]),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn a_user_owns_his_jobs_whatever_his_role_and_others_do_not() {
        let one = owner(&identity(&json!({"sub": "a", "role": "x"})));
        assert_eq!(one, owner(&identity(&json!({"sub": "a", "role": "y", "exp": 5}))));
        for other in [
            json!({"sub": "b", "role": "x"}),
            json!({"sub": "a", "iss": "z"}),
            json!({"role": "a"}),
            json!({}),
        ] {
            assert_ne!(one, owner(&identity(&other)));
        }
    }

    #[test]
    fn secrets_are_not_kept_and_repeated_headers_are() {
        let mut given = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer t"),
            ("cookie", "s=1"),
            ("apikey", "k"),
            ("x-one", "a"),
            ("x-one", "b"),
        ] {
            given.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let kept = JobRequest::kept(&given);
        assert_eq!(pairs(&kept), json!([["x-one", "a"], ["x-one", "b"]]));
        assert_eq!(headers(&pairs(&kept)), kept);
    }

    #[test]
    fn another_body_preference_or_organisation_is_another_request() {
        let one = request("{}", "return=minimal").fingerprint(None);
        assert_eq!(one, request("{}", "return=minimal").fingerprint(None));
        assert_ne!(one, request("{ }", "return=minimal").fingerprint(None));
        assert_ne!(one, request("{}", "return=representation").fingerprint(None));
        assert_ne!(one, request("{}", "return=minimal").fingerprint(Some("red")));
    }

    #[test]
    fn results_are_told_in_the_form_they_have() {
        let json_type = HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )]);
        assert_eq!(body(Some(b"[1]"), &json_type), json!([1]));
        assert_eq!(body(Some(b"a,b"), &HeaderMap::new()), json!("a,b"));
        assert_eq!(body(Some(&[0xff]), &HeaderMap::new()), json!({"base64": "/w=="}));
        assert_eq!(body(Some(b""), &json_type), Value::Null);
    }
}
