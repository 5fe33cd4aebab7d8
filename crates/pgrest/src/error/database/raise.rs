//! `RAISE SQLSTATE 'PGRST'`: the database writes the whole answer, as JSON in MESSAGE and DETAIL.

use std::{borrow::Cow, collections::BTreeMap};

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{code::Code, report::Report};

#[derive(Deserialize)]
struct Message {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct Detail {
    status: u16,
    status_text: Option<String>,
    headers: BTreeMap<String, String>,
}

enum Fault<'a> {
    Message(&'a str),
    Detail(&'a str),
    NoDetail,
}

/// The answer the database wrote, or the complaint that it is none.
pub(super) fn report(message: &str, detail: Option<&str>) -> Report {
    written(message, detail).unwrap_or_else(|fault| complaint(&fault))
}

fn written<'a>(message: &'a str, detail: Option<&'a str>) -> Result<Report, Fault<'a>> {
    let body: Message = serde_json::from_str(message).map_err(|_| Fault::Message(message))?;
    let detail = detail.ok_or(Fault::NoDetail)?;
    let head: Detail = serde_json::from_str(detail).map_err(|_| Fault::Detail(detail))?;
    Ok(Report {
        status: StatusCode::from_u16(head.status).map_err(|_| Fault::Detail(detail))?,
        reason: head.status_text,
        code: Cow::Owned(body.code),
        message: body.message,
        details: body.details.map(Value::String),
        hint: body.hint,
        headers: headers(head.headers).ok_or(Fault::Detail(detail))?,
    })
}

fn headers(raised: BTreeMap<String, String>) -> Option<Vec<(HeaderName, HeaderValue)>> {
    raised
        .into_iter()
        .map(|(name, value)| Some((name.parse().ok()?, HeaderValue::from_str(&value).ok()?)))
        .collect()
}

fn complaint(fault: &Fault<'_>) -> Report {
    let (details, hint) = match fault {
        Fault::Message(text) => (format!("Invalid JSON value for MESSAGE: '{text}'"), MESSAGE_HINT),
        Fault::Detail(text) => (format!("Invalid JSON value for DETAIL: '{text}'"), DETAIL_HINT),
        Fault::NoDetail => ("DETAIL is missing in the RAISE statement".to_owned(), DETAIL_HINT),
    };
    Report::new(
        Code::RaiseParse,
        "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
    )
    .details(Some(details))
    .hint(Some(hint))
}

const MESSAGE_HINT: &str = "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const DETAIL_HINT: &str =
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
