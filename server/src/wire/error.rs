//! What goes wrong on the wire, apart from what the server says of a statement.

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::ErrorFields;

/// The connection cannot be used any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The network.
    #[error("the connection to the database broke: {0}")]
    Io(#[from] std::io::Error),
    /// The server hung up.
    #[error("the database closed the connection")]
    Closed,
    /// The server said something that does not belong there.
    #[error("the database answered out of order ({0})")]
    Protocol(&'static str),
    /// What follows an answer was refused: the session is not what it should be.
    #[error("the database refused what follows an answer")]
    Unclean,
    /// The server does not want us.
    #[error("the database refused the connection: {}: {}", .0.code, .0.message)]
    Refused(Box<Refusal>),
    /// The configuration asks for what is not spoken here.
    #[error("{0}")]
    Unsupported(&'static str),
    /// It took too long.
    #[error("the database did not answer in time")]
    Timeout,
}

/// What the server said of a statement, or of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// SQLSTATE.
    pub(crate) code: String,
    /// What is the matter.
    pub(crate) message: String,
    /// More of it.
    pub(crate) detail: Option<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Refusal {
    pub(super) fn read(mut fields: ErrorFields<'_>) -> Result<Self, WireError> {
        let mut refusal = Self::default();
        while let Some(field) = fields.next()? {
            let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'C' => refusal.code = text(),
                b'M' => refusal.message = text(),
                b'D' => refusal.detail = Some(text()),
                b'H' => refusal.hint = Some(text()),
                _ => {}
            }
        }
        Ok(refusal)
    }
}
