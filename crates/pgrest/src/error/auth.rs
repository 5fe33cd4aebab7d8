//! Errors of authentication. Verifying tokens is the server's; what it answers is protocol.

use http::{HeaderValue, header};

use super::{code::Code, report::Report};

/// Why a caller is turned away before its request is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// A token came, and nothing is configured to verify it with.
    #[error("Server lacks JWT secret")]
    NoSecret,
    /// No token came, and there is no anonymous role.
    #[error("Anonymous access is disabled")]
    TokenRequired,
    /// The token cannot be decoded or verified.
    #[error(transparent)]
    Decode(#[from] DecodeFault),
    /// The token is genuine, and its claims do not hold.
    #[error(transparent)]
    Claims(#[from] ClaimsFault),
}

/// Why a token cannot be decoded or verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// `Authorization: Bearer` and nothing after it.
    #[error("Empty JWT is sent in Authorization header")]
    Empty,
    /// Not three parts.
    #[error("Expected 3 parts in JWT; got {0}")]
    Parts(usize),
    /// No key fits, or none verified it.
    #[error("No suitable key or wrong key type")]
    Key {
        /// What was wrong with the keys.
        details: String,
    },
    /// An algorithm that is not allowed.
    #[error("Wrong or unsupported encoding algorithm")]
    Algorithm {
        /// Which, and what is.
        details: String,
    },
    /// The signature does not verify.
    #[error("JWT cryptographic operation failed")]
    Crypto,
    /// Encrypted, or otherwise not a signed token.
    #[error("Unsupported token type")]
    TokenType,
    /// Anything else.
    #[error("JWT couldn't be decoded")]
    Other,
}

/// Which claim does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsFault {
    /// `exp` has passed.
    #[error("JWT expired")]
    Expired,
    /// `nbf` has not come.
    #[error("JWT not yet valid")]
    NotYetValid,
    /// `iat` is still to come.
    #[error("JWT issued at future")]
    IssuedInFuture,
    /// `aud` names others.
    #[error("JWT not in audience")]
    Audience,
    /// `iss` is not the one that is configured.
    #[error("JWT not from the expected issuer")]
    Issuer,
    /// A claim that is required is not there.
    #[error("JWT lacks a claim that is required")]
    Missing,
    /// The payload is no JSON object.
    #[error("Parsing claims failed")]
    Malformed,
    /// `exp` is no number.
    #[error("The JWT 'exp' claim must be a number")]
    ExpiryNotNumber,
    /// `nbf` is no number.
    #[error("The JWT 'nbf' claim must be a number")]
    NotBeforeNotNumber,
    /// `iat` is no number.
    #[error("The JWT 'iat' claim must be a number")]
    IssuedAtNotNumber,
    /// `aud` is neither.
    #[error("The JWT 'aud' claim must be a string or an array of strings")]
    AudienceNotString,
}

impl AuthError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NoSecret => Code::NoSecret,
            Self::TokenRequired => Code::TokenRequired,
            Self::Decode(_) => Code::TokenDecode,
            Self::Claims(_) => Code::TokenClaims,
        }
    }

    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::new(self.code(), self.to_string()).details(self.details());
        report
            .headers
            .extend(self.challenge().map(|value| (header::WWW_AUTHENTICATE, value)));
        report
    }

    fn details(&self) -> Option<String> {
        match self {
            Self::Decode(DecodeFault::Key { details } | DecodeFault::Algorithm { details }) => {
                Some(details.clone())
            }
            Self::Decode(
                DecodeFault::Empty
                | DecodeFault::Parts(_)
                | DecodeFault::Crypto
                | DecodeFault::TokenType
                | DecodeFault::Other,
            )
            | Self::NoSecret
            | Self::TokenRequired
            | Self::Claims(_) => None,
        }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::NoSecret => None,
            Self::TokenRequired => Some(HeaderValue::from_static("Bearer")),
            Self::Decode(_) | Self::Claims(_) => {
                let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{self}\"");
                HeaderValue::from_str(&challenge).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_token_is_challenged_with_what_is_wrong() {
        let report = AuthError::from(ClaimsFault::Expired).report();
        assert_eq!((&*report.code, report.status.as_u16()), ("PGRST303", 401));
        let expected = r#"Bearer error="invalid_token", error_description="JWT expired""#;
        assert_eq!(
            report.headers,
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static(expected))]
        );
    }

    #[test]
    fn a_missing_token_is_challenged_plainly() {
        let report = AuthError::TokenRequired.report();
        let expected = HeaderValue::from_static("Bearer");
        assert_eq!(report.headers, [(header::WWW_AUTHENTICATE, expected)]);
    }

    #[test]
    fn the_keys_trouble_is_told_in_details() {
        let fault = DecodeFault::Key {
            details: "none of the keys was able to decode the JWT".to_owned(),
        };
        let report = AuthError::from(fault).report();
        assert_eq!(&*report.code, "PGRST301");
        assert!(report.details.is_some());
    }
}
