//! Why an upload is refused, in one shape and with codes that stay.

use http::StatusCode;

use crate::error::ApiError;

/// Why an upload does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// More bytes than are allowed.
    TooLarge(u64),
    /// The body broke off, stalled, or is not the form it says it is.
    Malformed(&'static str),
    /// The bucket does not take such content.
    Type(String),
    /// The name or header says one thing and the content another.
    Mismatch { claimed: String, found: String },
    /// An image or document with something to run in it.
    Script(&'static str),
    /// Two kinds of file in one.
    Polyglot(&'static str),
    /// An archive that unpacks to more than is allowed.
    Bomb(&'static str),
    /// An archive that cannot be looked into, or whose names lead out of it.
    Archive(&'static str),
    /// Malware, by the scanner's name for it.
    Infected(String),
    /// The scanner cannot be asked.
    ScanUnavailable(u64),
    /// A way of uploading that cannot be judged.
    Unsupported(&'static str),
    /// The bytes before these are not known here, or are not where they should be.
    Offset(&'static str),
    /// No room to keep uploads until they are judged.
    SpoolFull,
    /// The spool cannot be used.
    Spool(String),
}

impl Refusal {
    /// A word for metrics and events.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::Malformed(_) => "malformed",
            Self::Type(_) => "type",
            Self::Mismatch { .. } => "mismatch",
            Self::Script(_) => "script",
            Self::Polyglot(_) => "polyglot",
            Self::Bomb(_) => "bomb",
            Self::Archive(_) => "archive",
            Self::Infected(_) => "infected",
            Self::ScanUnavailable(_) => "scan_unavailable",
            Self::Unsupported(_) => "unsupported",
            Self::Offset(_) => "offset",
            Self::SpoolFull => "spool_full",
            Self::Spool(_) => "spool",
        }
    }

    /// Whether it looks like an attack and not like a mistake.
    pub(super) fn is_suspicious(&self) -> bool {
        match self {
            Self::Script(_) | Self::Polyglot(_) | Self::Bomb(_) | Self::Infected(_) => true,
            Self::TooLarge(_)
            | Self::Malformed(_)
            | Self::Type(_)
            | Self::Mismatch { .. }
            | Self::Archive(_)
            | Self::ScanUnavailable(_)
            | Self::Unsupported(_)
            | Self::Offset(_)
            | Self::SpoolFull
            | Self::Spool(_) => false,
        }
    }

    /// Whether the same bytes would be refused again.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Type(_)
            | Self::Mismatch { .. }
            | Self::Script(_)
            | Self::Polyglot(_)
            | Self::Bomb(_)
            | Self::Archive(_)
            | Self::Infected(_)
            | Self::Unsupported(_) => true,
            Self::TooLarge(_)
            | Self::Malformed(_)
            | Self::ScanUnavailable(_)
            | Self::Offset(_)
            | Self::SpoolFull
            | Self::Spool(_) => false,
        }
    }

    /// The answer.
    pub(super) fn answer(self) -> ApiError {
        let told = |status, code, message: String| ApiError::new(status, code, message);
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        match self {
            Self::TooLarge(limit) => told(
                StatusCode::PAYLOAD_TOO_LARGE,
                "SEAWALL_UPLOAD_TOO_LARGE",
                format!("the upload is larger than {limit} bytes"),
            ),
            Self::Malformed(what) => told(
                StatusCode::BAD_REQUEST,
                "SEAWALL_UPLOAD_MALFORMED",
                format!("the upload cannot be read: {what}"),
            ),
            Self::Type(found) => told(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "SEAWALL_UPLOAD_TYPE",
                format!("uploads of {found} are not taken here"),
            ),
            Self::Mismatch { claimed, found } => told(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "SEAWALL_UPLOAD_MISMATCH",
                format!("the upload is called {claimed}, but its content is {found}"),
            ),
            Self::Script(what) => told(
                unprocessable,
                "SEAWALL_UPLOAD_SCRIPT",
                format!("the upload can run code: {what}"),
            ),
            Self::Polyglot(what) => told(
                unprocessable,
                "SEAWALL_UPLOAD_POLYGLOT",
                format!("the upload is two files in one: {what}"),
            ),
            Self::Bomb(what) => told(
                unprocessable,
                "SEAWALL_UPLOAD_BOMB",
                format!("the archive unpacks to too much: {what}"),
            ),
            Self::Archive(what) => told(
                unprocessable,
                "SEAWALL_UPLOAD_ARCHIVE",
                format!("the archive cannot be accepted: {what}"),
            ),
            Self::Infected(name) => told(
                unprocessable,
                "SEAWALL_UPLOAD_INFECTED",
                "the upload contains malware".to_owned(),
            )
            .caused_by(name),
            Self::ScanUnavailable(wait_s) => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "SEAWALL_UPLOAD_SCAN_UNAVAILABLE",
                "uploads cannot be scanned at the moment".to_owned(),
            )
            .retry_after(wait_s),
            Self::Unsupported(what) => told(
                StatusCode::FORBIDDEN,
                "SEAWALL_UPLOAD_UNSUPPORTED",
                format!("uploads cannot be judged this way: {what}"),
            ),
            Self::Offset(what) => told(StatusCode::CONFLICT, "SEAWALL_UPLOAD_OFFSET", what.to_owned()),
            Self::SpoolFull => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "SEAWALL_UPLOAD_BUSY",
                "too many uploads at once".to_owned(),
            )
            .retry_after(5),
            Self::Spool(cause) => ApiError::internal(cause),
        }
    }
}
