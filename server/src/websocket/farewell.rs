//! Why a socket ends, and the code and words it ends with.
//!
//! Codes below 4000 are RFC 6455's; those from 4000 on are ours, chosen after HTTP's statuses.

use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The client went, saying so or not.
    Client(Option<CloseFrame>),
    /// The upstream went, saying so or not.
    Upstream(Option<CloseFrame>),
    /// The client broke the protocol.
    Broken,
    /// A message is larger than is allowed.
    TooLarge,
    /// The client sends more messages than it may.
    TooMany,
    /// The client has been silent for too long.
    Idle,
    /// The client does not read what it is sent.
    Stalled,
    /// The upstream does not take what it is sent.
    UpstreamStalled,
    /// The token has expired and no other came.
    Expired,
    /// A token was brought that is not good.
    Refused,
    /// The token, its session or its user was revoked.
    Revoked,
    /// The user has too many sockets.
    UserFull,
    /// The server stops.
    Stopping,
}

impl End {
    /// A word for metrics.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Upstream(_) => "upstream",
            Self::Broken => "protocol",
            Self::TooLarge => "message_size",
            Self::TooMany => "message_rate",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
            Self::UpstreamStalled => "upstream_stalled",
            Self::Expired => "token_expired",
            Self::Refused => "token_refused",
            Self::Revoked => "token_revoked",
            Self::UserFull => "user",
            Self::Stopping => "stopping",
        }
    }

    /// What the client is told; nothing where the client ended it.
    pub(super) fn to_client(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Client(_) => return None,
            Self::Upstream(frame) => {
                return Some(
                    frame
                        .clone()
                        .unwrap_or_else(|| frame_of(1014, "the upstream went away")),
                );
            }
            Self::Broken => (1002, "not the WebSocket protocol"),
            Self::TooLarge => (1009, "message too large"),
            Self::TooMany => (4429, "too many messages"),
            Self::Idle => (4408, "silent for too long"),
            Self::Stalled => (4408, "messages are not read"),
            Self::UpstreamStalled => (1013, "the upstream is too slow; try again"),
            Self::Expired => (4401, "token expired"),
            Self::Refused => (4401, "token refused"),
            Self::Revoked => (4401, "token revoked"),
            Self::UserFull => (4429, "too many WebSockets of this user"),
            Self::Stopping => (1012, "the server restarts; try again"),
        };
        Some(frame_of(code, reason))
    }

    /// What the upstream is told.
    pub(super) fn to_upstream(&self) -> Option<CloseFrame> {
        match self {
            Self::Upstream(_) => None,
            Self::Client(Some(frame)) => Some(frame.clone()),
            Self::Client(None)
            | Self::Broken
            | Self::TooLarge
            | Self::TooMany
            | Self::Idle
            | Self::Stalled
            | Self::UpstreamStalled
            | Self::Expired
            | Self::Refused
            | Self::Revoked
            | Self::UserFull
            | Self::Stopping => Some(frame_of(1001, "the client went away")),
        }
    }
}

fn frame_of(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code: CloseCode::from(code),
        reason: reason.into(),
    }
}
