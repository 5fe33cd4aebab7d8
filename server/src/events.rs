//! Facts that somebody may want to hear of: for the log, the metrics, the audit and the admin's live stream.
//!
//! An event says what happened and to which part; never whose data it was, and no
//! token, address or body. Listeners that fall behind lose the oldest, and are told how many.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast;

use crate::telemetry::Metrics;

/// How many events wait for a slow listener.
const KEPT: usize = 1024;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Event {
    /// A circuit changed its state.
    CircuitChanged {
        dependency: &'static str,
        from: &'static str,
        to: &'static str,
        cause: &'static str,
    },
    /// A part works on with less than it should have.
    Degraded { part: &'static str, reason: String },
    /// It has everything again.
    Recovered { part: &'static str },
    /// Parts of a table were made ahead of time or dropped after their retention.
    PartitionsKept {
        table: String,
        created: Vec<String>,
        dropped: Vec<String>,
        swept: u64,
    },
    /// A part took up the configuration as it is now.
    Reloaded { part: &'static str },
    /// The configuration as it is now cannot be used; the part goes on with what it had.
    ReloadRefused { part: &'static str, reason: String },
    /// Somebody tried, or seems to try, what they must not.
    Security(Security),
}

/// A security event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Security {
    /// What it was, from a small fixed set: a metric's label.
    pub(crate) what: &'static str,
    /// The request, where there was one.
    pub(crate) request_id: Option<String>,
    /// For people; without personal data.
    pub(crate) details: String,
}

/// An event with its place in this instance's history.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// What happened.
    pub(crate) event: Arc<Event>,
}

/// Where events are emitted and listened for.
#[derive(Clone)]
pub(crate) struct Events {
    sender: broadcast::Sender<Told>,
    clock: crate::clock::Clock,
    metrics: Option<Metrics>,
}

impl Events {
    /// Counts in no metrics; for tests.
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(KEPT).0,
            clock: crate::clock::Clock::system(),
            metrics: None,
        }
    }

    /// Nobody listens yet.
    pub(crate) fn counted(clock: crate::clock::Clock, metrics: Metrics) -> Self {
        Self {
            sender: broadcast::channel(KEPT).0,
            clock,
            metrics: Some(metrics),
        }
    }

    /// Tells everybody.
    pub(crate) fn emit(&self, event: Event) {
        log(&event);
        if let Some(metrics) = &self.metrics {
            metrics.event(event.kind(), event.what());
        }
        let told = Told {
            at_ms: self.clock.unix().as_millis(),
            event: Arc::new(event),
        };
        // Nobody listens, most of the time.
        let _ = self.sender.send(told);
    }

    /// Reports what must not have been tried.
    pub(crate) fn security(
        &self,
        what: &'static str,
        request_id: Option<String>,
        details: impl Into<String>,
    ) {
        self.emit(Event::Security(Security {
            what,
            request_id,
            details: details.into(),
        }));
    }

    /// Listens from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Told> {
        self.sender.subscribe()
    }
}

impl Event {
    /// The name in the stream and in metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::CircuitChanged { .. } => "circuit_changed",
            Self::Degraded { .. } => "degraded",
            Self::Recovered { .. } => "recovered",
            Self::PartitionsKept { .. } => "partitions_kept",
            Self::Reloaded { .. } => "reloaded",
            Self::ReloadRefused { .. } => "reload_refused",
            Self::Security(_) => "security",
        }
    }

    /// What the event is about, from a small fixed set.
    fn what(&self) -> &'static str {
        match self {
            Self::CircuitChanged { dependency, .. } => dependency,
            Self::Degraded { part, .. }
            | Self::Recovered { part }
            | Self::Reloaded { part }
            | Self::ReloadRefused { part, .. } => part,
            Self::PartitionsKept { .. } => "partitions",
            Self::Security(security) => security.what,
        }
    }
}

fn log(event: &Event) {
    match event {
        Event::CircuitChanged {
            dependency,
            from,
            to,
            cause,
        } => {
            tracing::warn!(dependency, from, to, cause, "circuit changed its state");
        }
        Event::Degraded { part, reason } => tracing::warn!(part, reason, "works on with less"),
        Event::PartitionsKept {
            table,
            created,
            dropped,
            swept,
        } => tracing::info!(
            table,
            ?created,
            ?dropped,
            swept_rows = swept,
            "partitions were kept"
        ),
        Event::Recovered { part } => tracing::info!(part, "has everything again"),
        Event::Reloaded { part } => tracing::info!(part, "the configuration was read anew"),
        Event::ReloadRefused { part, reason } => {
            tracing::warn!(
                part,
                reason,
                "the configuration is refused; what was read before stays"
            );
        }
        Event::Security(Security {
            what,
            request_id,
            details,
        }) => {
            let request_id = request_id.as_deref().unwrap_or_default();
            tracing::warn!(what, request_id, details, "security event");
        }
    }
}
