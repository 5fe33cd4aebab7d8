//! A message as it travels: who sent it, when, and a signature over both.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;
use crate::config::Config;

/// How far the clocks of instances may differ, the way included.
const PATIENCE_MS: u64 = 60_000;

/// Signs and checks.
pub(super) struct Signer {
    key: hmac::Key,
    instance: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    from: Uuid,
    sent_ms: u64,
    message: Message,
}

impl Signer {
    /// The cluster's secret; else what all instances of a deployment have in common anyway.
    pub(super) fn new(config: &Config) -> Self {
        let secret = config
            .cluster
            .cluster_secret
            .as_ref()
            .or(config.jwt.secret.as_ref())
            .or(config.database.uri.as_ref());
        let mut seed = b"seawall bus ".to_vec();
        match secret {
            Some(secret) => seed.extend_from_slice(secret.expose_secret().as_bytes()),
            // Nothing is shared, so nobody else is believed.
            None => seed.extend_from_slice(Uuid::new_v4().as_bytes()),
        }
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, digest(&SHA256, &seed).as_ref()),
            instance: Uuid::new_v4(),
        }
    }

    /// `signature.envelope`; nothing for what is never sent.
    pub(super) fn seal(&self, message: &Message, now_ms: u64) -> Option<String> {
        if *message == Message::Gap {
            return None;
        }
        let envelope = Envelope {
            from: self.instance,
            sent_ms: now_ms,
            message: message.clone(),
        };
        let text = serde_json::to_string(&envelope).ok()?;
        let signature = hmac::sign(&self.key, text.as_bytes());
        Some(format!("{}.{text}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A message from another instance, if it is one, is recent and was signed by one of us.
    pub(super) fn open(&self, text: &str, now_ms: u64) -> Option<Message> {
        let (signature, text) = text.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, text.as_bytes(), &signature).ok()?;
        let envelope: Envelope = serde_json::from_str(text).ok()?;
        let is_recent = envelope.sent_ms.abs_diff(now_ms) <= PATIENCE_MS;
        (is_recent && envelope.from != self.instance && envelope.message != Message::Gap)
            .then_some(envelope.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breakers::Force;
    use crate::config::Source;
    use crate::instances::Decision;

    fn signer(secret: &str) -> Signer {
        let pairs = [
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("SEAWALL_CLUSTER_SECRET", secret),
        ];
        Signer::new(&Config::load(Source::from_pairs(pairs)).unwrap())
    }

    fn message() -> Message {
        Message::BreakerForced {
            dependency: "postgres".to_owned(),
            decision: Decision {
                force: Force::Open,
                at_ms: 7,
            },
        }
    }

    #[test]
    fn only_signed_recent_messages_of_others_are_believed() {
        let (one, other) = (signer("a-secret-of-the-tests"), signer("a-secret-of-the-tests"));
        let text = one.seal(&message(), 1_000_000).unwrap();
        assert_eq!(other.open(&text, 1_030_000), Some(message()));
        assert_eq!(one.open(&text, 1_000_000), None, "its own");
        assert_eq!(other.open(&text, 1_060_001), None, "old");
        assert_eq!(signer("another-secret-of-the-tests").open(&text, 1_000_000), None);
        assert_eq!(other.open(&text.replace("open", "closed"), 1_000_000), None);
        for nonsense in ["", ".", "a.b", "🦀.{}"] {
            assert_eq!(other.open(nonsense, 1_000_000), None);
        }
    }

    #[test]
    fn a_gap_is_never_sent() {
        assert_eq!(signer("a-secret-of-the-tests").seal(&Message::Gap, 1), None);
    }
}
