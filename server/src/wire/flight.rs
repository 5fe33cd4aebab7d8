//! What is sent in one flush, and what comes back from it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol has some thirty messages, and each that does not belong is the same fault"
)]

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use seawall_pgrest::sql::Bind;

use super::{Head, Refusal, Row, WireError};

const TEXT: i16 = 0;
const BINARY: i16 = 1;
const UNNAMED: &str = "";
const STATEMENT: u8 = b'S';
const IDLE: u8 = b'I';

/// How a statement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way<'name> {
    /// Parsed, run and forgotten.
    Once,
    /// Parsed under a name, and run.
    Named(&'name str),
    /// Run by its name.
    Again(&'name str),
}

/// Statements that leave together.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    buffer: BytesMut,
    steps: usize,
    answer: Option<usize>,
}

impl Pipeline {
    /// Forgets a named statement; one that is not there is forgotten too.
    ///
    /// # Errors
    /// When the name holds a zero byte.
    pub(crate) fn forget(&mut self, name: &str) -> Result<(), WireError> {
        Ok(frontend::close(STATEMENT, name, &mut self.buffer)?)
    }

    /// Adds a statement. Binds are sent as text and PostgreSQL decides what they are; columns come back in binary.
    ///
    /// # Errors
    /// When the text holds a zero byte or something is too large for a message.
    pub(crate) fn add(&mut self, text: &str, binds: &[Bind], way: Way<'_>) -> Result<(), WireError> {
        let name = match way {
            Way::Once => UNNAMED,
            Way::Named(name) | Way::Again(name) => name,
        };
        if !matches!(way, Way::Again(_)) {
            frontend::parse(name, text, [], &mut self.buffer)?;
        }
        let bound = frontend::bind(
            UNNAMED,
            name,
            [TEXT],
            binds,
            |bind, out| {
                let Some(text) = &bind.0 else {
                    return Ok(IsNull::Yes);
                };
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            },
            [BINARY],
            &mut self.buffer,
        );
        bound.map_err(|_| WireError::Protocol("a value is too large for a message"))?;
        frontend::execute(UNNAMED, 0, &mut self.buffer)?;
        self.steps += 1;
        Ok(())
    }

    /// Marks that what was asked is answered here: the server is to let go what it has to say so far, and what follows
    /// need not be waited for.
    pub(crate) fn answers_here(&mut self) {
        frontend::flush(&mut self.buffer);
        self.answer = Some(self.steps);
    }

    /// Lets the whole be waited for after all.
    pub(crate) fn answers_at_its_end(&mut self) {
        self.answer = None;
    }

    /// Ends it: what follows an error is skipped up to here.
    #[must_use]
    pub(crate) fn synchronised(mut self) -> Self {
        frontend::sync(&mut self.buffer);
        self
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// One that answers before its end.
    #[cfg(test)]
    pub(super) fn commit_and_reset() -> Result<Self, WireError> {
        let mut pipeline = Self::default();
        pipeline.add("COMMIT", &[], Way::Once)?;
        pipeline.answers_here();
        pipeline.add("RESET ALL", &[], Way::Once)?;
        Ok(pipeline)
    }

    /// What is to come back.
    pub(super) fn landing(&self) -> Landing {
        Landing {
            answer: self.answer,
            ..Landing::expecting(self.steps)
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Landing {
    /// The rows of each statement that was carried out, in order.
    pub(crate) done: Vec<Vec<Row>>,
    /// What the server said of the first that was not; the rest was skipped.
    pub(crate) refusal: Option<Refusal>,
    /// How many statements were parsed.
    pub(crate) parsed: usize,
    /// Whether the session is outside any transaction.
    pub(crate) idle: bool,
    /// Whether there is more to come, which the answer does not depend on.
    pub(crate) trails: bool,
    rows: Vec<Row>,
    expected: usize,
    /// After how many statements what was asked is answered, where that is before the end.
    answer: Option<usize>,
}

impl Landing {
    pub(super) fn expecting(steps: usize) -> Self {
        Self {
            done: Vec::with_capacity(steps),
            refusal: None,
            parsed: 0,
            idle: false,
            trails: false,
            rows: Vec::new(),
            expected: steps,
            answer: None,
        }
    }

    /// Once what was asked is answered: what is still to come after that.
    pub(super) fn trail(&mut self) -> Option<Self> {
        let answer = self
            .answer
            .filter(|answer| *answer == self.done.len() && self.rows.is_empty() && self.refusal.is_none())?;
        self.trails = true;
        Some(Self::expecting(self.expected.saturating_sub(answer)))
    }

    /// Whether the next row is the first of the statement at that place.
    pub(super) fn is_at(&self, step: usize) -> bool {
        self.done.len() == step && self.rows.is_empty() && self.refusal.is_none()
    }

    /// Takes a row that was read apart from its last column.
    pub(super) fn take_apart(&mut self, head: Head, last: bytes::Bytes) {
        let mut row = head.row;
        row.complete(last);
        self.rows.push(row);
    }

    /// Takes a message; true when it was the last.
    pub(super) fn take(&mut self, message: Message) -> Result<bool, WireError> {
        match message {
            Message::DataRow(body) => self.rows.push(Row::read(&body)?),
            Message::CommandComplete(_) | Message::EmptyQueryResponse => {
                self.done.push(std::mem::take(&mut self.rows));
            }
            Message::ErrorResponse(body) => {
                self.rows.clear();
                let refusal = Refusal::read(body.fields())?;
                self.refusal.get_or_insert(refusal);
            }
            Message::ParseComplete => self.parsed += 1,
            Message::ReadyForQuery(body) => {
                self.idle = body.status() == IDLE;
                let whole = self.done.len() == self.expected || self.refusal.is_some();
                return if whole {
                    Ok(true)
                } else {
                    Err(WireError::Protocol("fewer answers than questions"))
                };
            }
            Message::BindComplete
            | Message::CloseComplete
            | Message::NoticeResponse(_)
            | Message::ParameterStatus(_)
            | Message::NotificationResponse(_) => {}
            _ => return Err(WireError::Protocol("an answer to something that was not asked")),
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as the server writes it.
    fn message(tag: u8, body: &[u8]) -> Message {
        let mut bytes = BytesMut::new();
        bytes.extend_from_slice(&[tag]);
        bytes.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend_from_slice(body);
        Message::parse(&mut bytes).unwrap().unwrap()
    }

    fn landing(steps: usize, messages: &[(u8, &[u8])]) -> Result<Landing, WireError> {
        let mut landing = Landing::expecting(steps);
        for (tag, body) in messages {
            if landing.take(message(*tag, body))? {
                return Ok(landing);
            }
        }
        Err(WireError::Closed)
    }

    const ROW: &[u8] = b"\0\x03\0\0\0\x02hi\xff\xff\xff\xff\0\0\0\x08\0\0\0\0\0\0\0\x07";

    #[test]
    fn rows_belong_to_the_statement_they_came_from() {
        let landing = landing(
            2,
            &[
                (b'1', b""),
                (b'2', b""),
                (b'D', ROW),
                (b'C', b"SELECT 1\0"),
                (b'2', b""),
                (b'C', b"COMMIT\0"),
                (b'Z', b"I"),
            ],
        );
        let landing = landing.unwrap();
        assert!(landing.idle && landing.refusal.is_none() && landing.parsed == 1);
        let row = &landing.done[0][0];
        assert_eq!(
            (row.len(), row.text(0).as_deref(), row.bytes(1), row.number(2)),
            (3, Some("hi"), None, Some(7))
        );
        assert_eq!(row.text(3), None);
        assert!(landing.done[1].is_empty());
    }

    #[test]
    fn what_follows_an_error_was_not_done() {
        let error = b"SERROR\0C23505\0Mduplicate\0Dkey\0\0";
        let landing = landing(
            3,
            &[
                (b'2', b""),
                (b'C', b"BEGIN\0"),
                (b'2', b""),
                (b'D', ROW),
                (b'E', error),
                (b'Z', b"E"),
            ],
        )
        .unwrap();
        let refusal = landing.refusal.unwrap();
        assert_eq!(
            (refusal.code.as_str(), refusal.detail.as_deref()),
            ("23505", Some("key"))
        );
        assert_eq!(landing.done.len(), 1);
        assert!(!landing.idle);
    }

    #[test]
    fn fewer_answers_than_questions_are_no_answer() {
        assert!(matches!(
            landing(2, &[(b'C', b"BEGIN\0"), (b'Z', b"T")]),
            Err(WireError::Protocol(_))
        ));
        assert!(matches!(
            landing(1, &[(b'G', b"\0\0\0")]),
            Err(WireError::Protocol(_))
        ));
    }

    #[test]
    fn an_answer_is_whole_before_what_follows_it_has_come() {
        let pipeline = Pipeline::commit_and_reset().unwrap();
        let mut landing = pipeline.landing();
        assert!(!landing.take(message(b'2', b"")).unwrap());
        assert!(landing.trail().is_none() && !landing.trails);
        assert!(!landing.take(message(b'C', b"COMMIT\0")).unwrap());
        let mut trail = landing.trail().unwrap();
        assert!(landing.trails && landing.done.len() == 1);
        assert!(!trail.take(message(b'C', b"RESET\0")).unwrap());
        assert!(trail.take(message(b'Z', b"I")).unwrap() && trail.idle);
        assert!(
            pipeline
                .synchronised()
                .bytes()
                .windows(5)
                .any(|bytes| bytes == b"H\0\0\0\x04")
        );
    }

    #[test]
    fn after_a_refusal_nothing_is_left_for_later() {
        let pipeline = Pipeline::commit_and_reset().unwrap();
        let mut landing = pipeline.landing();
        let error = b"SERROR\0C23505\0Mduplicate\0\0";
        assert!(!landing.take(message(b'E', error)).unwrap());
        assert!(landing.trail().is_none());
        assert!(landing.take(message(b'Z', b"E")).unwrap() && !landing.trails);
    }

    #[test]
    fn a_pipeline_is_parsed_once_under_a_name_and_then_only_bound() {
        let mut first = Pipeline::default();
        first
            .add("select $1", &[Bind(Some("a".to_owned()))], Way::Named("s1"))
            .unwrap();
        let mut again = Pipeline::default();
        again.add("select $1", &[Bind(None)], Way::Again("s1")).unwrap();
        let (first, again) = (first.synchronised(), again.synchronised());
        assert!(first.bytes().starts_with(b"P") && again.bytes().starts_with(b"B"));
        assert!(first.bytes().ends_with(b"S\0\0\0\x04") && first.steps == 1);
        assert!(Pipeline::default().add("a\0b", &[], Way::Once).is_err());
    }
}
