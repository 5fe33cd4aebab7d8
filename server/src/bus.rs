//! Messages between instances: what one has learned and all must know.
//!
//! A message is heard here at once and by the others soon: over Redis where there is
//! one, else over PostgreSQL's NOTIFY. Neither keeps messages for those who are away, so
//! whoever (re)connects hears [`Message::Gap`] and drops what may be stale. Anybody who
//! can run SQL can notify, so messages are signed and old ones are not believed.

mod carry;
mod envelope;

pub(crate) use carry::run;

use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};

use crate::auth::Revocation;
use crate::config::Config;
use crate::instances::{Decision, Heartbeat};
use envelope::Signer;

const KEPT: usize = 4096;

/// What instances tell each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub(crate) enum Message {
    /// Messages may have been missed; never sent, only heard.
    Gap,
    /// Kept answers are no longer true; `shared` says that the layer in Redis knows already, and `transaction` which
    /// one wrote, where that is known.
    CacheInvalidated {
        targets: Vec<String>,
        shared: bool,
        #[serde(default)]
        transaction: Option<String>,
    },
    /// Kept answers may be no longer true: whoever sends this could not tell for a while.
    CacheSuspect,
    /// A key of the limits has its whole burst again.
    LimitForgotten { key: String },
    /// A tier allows something else until the next reload: requests and milliseconds.
    TierAdjusted {
        tier: String,
        general: Option<(u32, u64)>,
        expensive: Option<(u32, u64)>,
    },
    /// A person decided about a breaker.
    BreakerForced { dependency: String, decision: Decision },
    /// An instance is there.
    Alive(Heartbeat),
    /// Somebody signed out.
    TokenRevoked(Revocation),
}

/// What is still to be told to the others.
struct Outgoing {
    waiting: mpsc::Receiver<String>,
    /// Taken up and not known to be sent: the transport broke.
    unsent: Option<String>,
}

impl Outgoing {
    /// The next message; it stays until [`Outgoing::sent`], so that a broken transport loses none.
    async fn next(&mut self) -> Option<String> {
        if self.unsent.is_none() {
            self.unsent = self.waiting.recv().await;
        }
        self.unsent.clone()
    }

    fn sent(&mut self) {
        self.unsent = None;
    }
}

/// One instance's ear and mouth.
#[derive(Clone)]
pub(crate) struct Bus {
    heard: broadcast::Sender<Message>,
    outgoing: mpsc::Sender<String>,
    waiting: std::sync::Arc<tokio::sync::Mutex<Outgoing>>,
    signer: std::sync::Arc<Signer>,
}

impl Bus {
    /// Nobody is connected yet.
    pub(crate) fn new(config: &Config) -> Self {
        let (outgoing, waiting) = mpsc::channel(KEPT);
        Self {
            heard: broadcast::channel(KEPT).0,
            outgoing,
            waiting: std::sync::Arc::new(tokio::sync::Mutex::new(Outgoing {
                waiting,
                unsent: None,
            })),
            signer: std::sync::Arc::new(Signer::new(config)),
        }
    }

    /// Tells this instance now and the others soon.
    pub(crate) fn publish(&self, message: Message, now_ms: u64) {
        if let Some(text) = self.signer.seal(&message, now_ms)
            && self.outgoing.try_send(text).is_err()
        {
            tracing::error!("messages to other instances pile up; one was dropped");
        }
        let _nobody_listens = self.heard.send(message);
    }

    /// Hears what is published from now on, here and elsewhere. Who falls behind gets
    /// `RecvError::Lagged`, which is to be taken as [`Message::Gap`].
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Message> {
        self.heard.subscribe()
    }

    /// What came from outside.
    fn receive(&self, text: &str, now_ms: u64) {
        if let Some(message) = self.signer.open(text, now_ms) {
            let _nobody_listens = self.heard.send(message);
        }
    }

    fn gap(&self) {
        let _nobody_listens = self.heard.send(Message::Gap);
    }
}
