//! Refused tokens, as metrics count them and answers show them.

use seawall_pgrest::error::AuthError;
use seawall_pgrest::error::auth::{ClaimsFault, DecodeFault};

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
            ClaimsFault::Malformed
            | ClaimsFault::ExpiryNotNumber
            | ClaimsFault::NotBeforeNotNumber
            | ClaimsFault::IssuedAtNotNumber
            | ClaimsFault::AudienceNotString => "claim_type",
        },
    }
}
