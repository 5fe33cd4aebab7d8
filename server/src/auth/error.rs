//! Refused tokens, as metrics count them and answers show them.

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use seawall_pgrest::error::AuthError;
use seawall_pgrest::error::auth::{ClaimsFault, DecodeFault};

use crate::error::ApiError;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

/// Why nobody can be believed to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token itself, in PostgREST's words.
    Token(AuthError),
    /// Its session has ended.
    Revoked,
    /// The auth service does not accept it.
    NotAccepted,
    /// Its address has presented too many that nobody signed.
    TooManyFailed { wait_s: u64 },
    /// Somebody who must be asked cannot be.
    Unavailable { what: &'static str, wait_s: u64 },
    /// A role that bypasses row-level security came from a browser.
    BypassFromBrowser(Arc<str>),
    /// It names another's organisation.
    ForeignOrganisation,
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Token(error)
    }
}

impl Refusal {
    /// The auth service cannot be asked.
    pub(crate) const fn down(wait_s: u64) -> Self {
        Self::Unavailable {
            what: "the auth service cannot be asked about the token",
            wait_s,
        }
    }

    /// A word for `auth_failures_total`.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => reason(error),
            Self::Revoked => "revoked",
            Self::NotAccepted => "not_accepted",
            Self::TooManyFailed { .. } => "too_many_failed",
            Self::Unavailable { .. } => "unavailable",
            Self::BypassFromBrowser(_) => "bypassrls_from_browser",
            Self::ForeignOrganisation => "foreign_organisation",
        }
    }

    /// Whether the token may have been made up: it has the form of one, and nobody stands for it.
    pub(crate) const fn is_guess(&self) -> bool {
        match self {
            Self::Token(AuthError::Decode(fault)) => matches!(
                fault,
                DecodeFault::Algorithm { .. } | DecodeFault::Key { .. } | DecodeFault::Crypto
            ),
            Self::NotAccepted => true,
            Self::Token(AuthError::NoSecret | AuthError::TokenRequired | AuthError::Claims(_))
            | Self::Revoked
            | Self::TooManyFailed { .. }
            | Self::Unavailable { .. }
            | Self::BypassFromBrowser(_)
            | Self::ForeignOrganisation => false,
        }
    }

    /// What to report where somebody tried what they must not, rather than being late or mistaken.
    pub(crate) const fn security(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Token(AuthError::Decode(DecodeFault::Algorithm { .. })) => Some((
                "token_algorithm",
                "a token asked to be believed by another algorithm",
            )),
            Self::Token(
                AuthError::NoSecret | AuthError::TokenRequired | AuthError::Decode(_) | AuthError::Claims(_),
            )
            | Self::NotAccepted
            | Self::TooManyFailed { .. }
            | Self::Unavailable { .. } => None,
            Self::Revoked => Some((
                "token_replayed",
                "a token was presented after its session had ended",
            )),
            Self::BypassFromBrowser(_) => Some((
                "bypassrls_from_browser",
                "a role that bypasses row-level security came from a browser: its key is public",
            )),
            Self::ForeignOrganisation => Some((
                "foreign_organisation",
                "a request named an organisation that is not its caller's",
            )),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Token(error) => error.report().into(),
            Refusal::Revoked => Self::new(
                StatusCode::UNAUTHORIZED,
                "SEAWALL_TOKEN_REVOKED",
                "the session of this token has ended",
            )
            .with_header(WWW_AUTHENTICATE, CHALLENGE),
            Refusal::NotAccepted => Self::new(
                StatusCode::UNAUTHORIZED,
                "SEAWALL_TOKEN_REFUSED",
                "the auth service does not accept this token",
            )
            .with_header(WWW_AUTHENTICATE, CHALLENGE),
            Refusal::TooManyFailed { wait_s } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "SEAWALL_RATE_LIMITED",
                format!("too many tokens that nobody signed; try again in {wait_s} s"),
            )
            .with_extra("scope", "failed_tokens")
            .retry_after(wait_s),
            Refusal::Unavailable { what, wait_s } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SEAWALL_AUTH_UNAVAILABLE",
                format!("{what}; the token may be good"),
            )
            .retry_after(wait_s),
            Refusal::BypassFromBrowser(role) => Self::new(
                StatusCode::FORBIDDEN,
                "SEAWALL_BYPASSRLS_FROM_BROWSER",
                format!("role \"{role}\" bypasses row-level security and may not come from a browser"),
            ),
            Refusal::ForeignOrganisation => Self::new(
                StatusCode::FORBIDDEN,
                "SEAWALL_FOREIGN_ORGANISATION",
                "the request names an organisation that is not the caller's",
            ),
        }
    }
}

/// A word for `auth_failures_total`: few of them, none of them the caller's.
pub(crate) const fn reason(error: &AuthError) -> &'static str {
    match error {
        AuthError::NoSecret => "no_keys",
        AuthError::TokenRequired => "token_required",
        AuthError::Decode(fault) => match fault {
            DecodeFault::Empty | DecodeFault::Parts(_) | DecodeFault::TokenType | DecodeFault::Other => {
                "malformed"
            }
            DecodeFault::Algorithm { .. } => "algorithm",
            DecodeFault::Key { .. } | DecodeFault::Crypto => "signature",
        },
        AuthError::Claims(fault) => match fault {
            ClaimsFault::Expired => "expired",
            ClaimsFault::NotYetValid | ClaimsFault::IssuedInFuture => "not_yet_valid",
            ClaimsFault::Audience => "audience",
            ClaimsFault::Issuer => "issuer",
            ClaimsFault::Missing => "claim_missing",
            ClaimsFault::Malformed
            | ClaimsFault::ExpiryNotNumber
            | ClaimsFault::NotBeforeNotNumber
            | ClaimsFault::IssuedAtNotNumber
            | ClaimsFault::AudienceNotString => "claim_type",
        },
    }
}
