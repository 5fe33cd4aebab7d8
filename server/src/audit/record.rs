//! One request's record, as a line of JSON: the form in which it waits and is sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// Longest text of a field that a caller has chosen.
const MOST_BYTES: usize = 2_048;

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It was done.
    Done,
    /// The caller may not.
    Denied,
    /// It was too much or too soon.
    Limited,
    /// It was wrong in another way.
    Refused,
    /// The server could not.
    Failed,
    /// The caller did not wait for the answer.
    Abandoned,
}

/// A record. Names are the columns'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) at: String,
    pub(crate) id: Uuid,
    pub(crate) instance: String,
    pub(crate) request_id: Option<String>,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) target: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) subject: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) organisation: Option<String>,
    pub(crate) tier: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) duration_us: u32,
    pub(crate) body: Option<Value>,
}

impl Outcome {
    /// By the status of the answer.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            401 | 403 => Self::Denied,
            429 => Self::Limited,
            ..400 => Self::Done,
            400..500 => Self::Refused,
            500.. => Self::Failed,
        }
    }
}

impl Record {
    /// The record as a line; what the database could not hold is put right first.
    pub(crate) fn line(mut self) -> Vec<u8> {
        let texts = [
            &mut self.request_id,
            &mut self.target,
            &mut self.query,
            &mut self.code,
            &mut self.subject,
            &mut self.role,
            &mut self.organisation,
            &mut self.tier,
        ];
        for text in texts.into_iter().flatten() {
            bound(text);
        }
        if let Some(body) = &mut self.body {
            without_nul(body);
        }
        let mut line = serde_json::to_vec(&self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Now, as the record writes it: in microseconds, as the database keeps it.
pub(crate) fn stamp(at: OffsetDateTime) -> String {
    let micros = at.nanosecond() - at.nanosecond() % 1_000;
    at.replace_nanosecond(micros)
        .unwrap_or(at)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// PostgreSQL has no zero character in texts.
fn bound(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
    if text.len() > MOST_BYTES {
        let end = text.floor_char_boundary(MOST_BYTES);
        text.truncate(end);
        text.push('…');
    }
}

fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(members) => {
            if members.keys().any(|name| name.contains('\0')) {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(name, value)| (name.replace('\0', "\u{fffd}"), value))
                    .collect();
            }
            members.values_mut().for_each(without_nul);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn record(subject: &str) -> Record {
        Record {
            at: stamp(OffsetDateTime::UNIX_EPOCH),
            id: Uuid::nil(),
            instance: "i".to_owned(),
            request_id: None,
            method: "GET".to_owned(),
            route: "rest".to_owned(),
            target: Some("rooms".to_owned()),
            query: None,
            status: 200,
            code: None,
            outcome: Outcome::Done,
            subject: Some(subject.to_owned()),
            role: None,
            organisation: None,
            tier: None,
            address: None,
            duration_us: 1,
            body: None,
        }
    }

    #[test]
    fn a_record_is_one_line_whatever_is_in_it() {
        let mut given = record("a\nb\0c");
        given.body = Some(json!({"a\0b": ["x\0y\n", 1, null]}));
        let line = given.line();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let read: Record = serde_json::from_slice(&line).unwrap();
        assert_eq!(read.subject.as_deref(), Some("a\nb\u{fffd}c"));
        assert_eq!(read.body, Some(json!({"a\u{fffd}b": ["x\u{fffd}y\n", 1, null]})));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let line = record(&"é".repeat(3_000)).line();
        let read: Record = serde_json::from_slice(&line).unwrap();
        assert!(read.subject.unwrap().len() <= MOST_BYTES + '…'.len_utf8());
    }

    #[test]
    fn outcomes_follow_the_status() {
        let outcomes: Vec<Outcome> = [200, 304, 400, 401, 403, 404, 429, 500, 504]
            .map(Outcome::of)
            .to_vec();
        use Outcome::{Denied, Done, Failed, Limited, Refused};
        assert_eq!(
            outcomes,
            [
                Done, Done, Refused, Denied, Denied, Refused, Limited, Failed, Failed
            ]
        );
    }

    #[test]
    fn instants_are_what_the_database_keeps() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        assert_eq!(stamp(at), "2023-11-14T22:13:20.123456Z");
    }
}
