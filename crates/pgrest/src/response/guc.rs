//! What a transaction left in `response.headers` and `response.status`.

use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::{Reply, row::ResultRow};
use crate::error::ResponseError;

/// Where an answer ends is for whoever writes it to say: a length that is not the body's would make the rest of it the
/// answer to somebody else's request.
const FRAMING: [HeaderName; 7] = [
    CONNECTION,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The database's own words on the answer's head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Overrides {
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Overrides {
    pub(super) fn take(row: &mut ResultRow) -> Result<Self, ResponseError> {
        let status = said(row.response_status.take());
        let headers = said(row.response_headers.take());
        Ok(Self {
            status: status.map(|text| read_status(&text)).transpose()?,
            headers: headers.map_or(Ok(Vec::new()), |text| read_headers(&text))?,
        })
    }

    /// Replaces headers of the same names; among the database's own, names may repeat. What frames the answer stays ours.
    pub(super) fn apply(self, reply: &mut Reply) {
        if let Some(status) = self.status {
            reply.status = status;
        }
        let mut own = HeaderMap::new();
        for (name, value) in self
            .headers
            .into_iter()
            .filter(|(name, _)| !FRAMING.contains(name))
        {
            own.append(name, value);
        }
        reply.headers.extend(own);
    }
}

fn said(setting: Option<String>) -> Option<String> {
    setting.filter(|text| !text.is_empty())
}

/// Leading digits count; PostgreSQL pads some types. What is below 200 is no answer, but the word that one follows.
fn read_status(text: &str) -> Result<StatusCode, ResponseError> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let number: Option<u16> = digits.parse().ok();
    number
        .and_then(|number| StatusCode::from_u16(number).ok())
        .filter(|status| !status.is_informational())
        .ok_or(ResponseError::GucStatus)
}

fn read_headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, ResponseError> {
    let objects: Vec<Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| ResponseError::GucHeaders)?;
    objects
        .iter()
        .map(single)
        .collect::<Option<_>>()
        .ok_or(ResponseError::GucHeaders)
}

fn single(object: &Map<String, Value>) -> Option<(HeaderName, HeaderValue)> {
    let mut entries = object.iter();
    let (Some((name, Value::String(value))), None) = (entries.next(), entries.next()) else {
        return None;
    };
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(status: &str, headers: &str) -> Result<Overrides, ResponseError> {
        Overrides::take(&mut ResultRow {
            response_status: Some(status.to_owned()),
            response_headers: Some(headers.to_owned()),
            ..ResultRow::default()
        })
    }

    #[test]
    fn headers_replace_ours_and_may_repeat_among_themselves() {
        let mut reply = Reply::new(StatusCode::OK);
        reply.set(http::header::CONTENT_TYPE, "application/json");
        let own = r#"[{"Content-Type":"text/html"},{"Set-Cookie":"a=1"},{"set-cookie":"b=2"}]"#;
        overrides("202", own).unwrap().apply(&mut reply);
        assert_eq!(reply.status, StatusCode::ACCEPTED);
        assert_eq!(reply.headers.get_all("content-type").iter().count(), 1);
        assert_eq!(reply.headers["content-type"], "text/html");
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
    }

    #[test]
    fn where_the_answer_ends_is_not_the_database_s_to_say() {
        let mut reply = Reply::new(StatusCode::OK);
        let own = r#"[{"Content-Length":"2"},{"transfer-encoding":"chunked"},{"Connection":"close"},{"X-Own":"1"}]"#;
        overrides("", own).unwrap().apply(&mut reply);
        let names: Vec<_> = reply.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-own"]);
    }

    #[test]
    fn unset_settings_change_nothing() {
        let nothing = overrides("", "").unwrap();
        assert_eq!(
            nothing,
            Overrides {
                status: None,
                headers: Vec::new()
            }
        );
    }

    #[test]
    fn headers_of_any_other_shape_are_refused() {
        for text in [
            "{",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"a":"1","b":"2"}]"#,
            r#"[{"a":1}]"#,
            r#"[{"no name":"x"}]"#,
            r#"[{"a":"line\nbreak"}]"#,
            "\"x\"",
        ] {
            assert_eq!(overrides("", text), Err(ResponseError::GucHeaders), "{text}");
        }
    }

    #[test]
    fn a_status_is_its_leading_digits() {
        assert_eq!(
            overrides("418 teapot", "").unwrap().status,
            StatusCode::from_u16(418).ok()
        );
        for text in ["teapot", "99", "100", "101", "1000", "-200", "99999999999"] {
            assert_eq!(overrides(text, ""), Err(ResponseError::GucStatus), "{text}");
        }
    }
}
