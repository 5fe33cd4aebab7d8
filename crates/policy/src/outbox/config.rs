//! How long, how often, how much.

use crate::retry::Backoff;
use crate::time::Span;

/// Which of a user's writes keep their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// All writes to one table.
    #[default]
    Table,
    /// Those that may meet in a row.
    Row,
}

impl Order {
    /// The words for it, in the order of the variants.
    pub const NAMES: [&str; 2] = ["table", "row"];

    /// The order of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Table, Self::Row]
            .into_iter()
            .zip(Self::NAMES)
            .find_map(|(order, known)| (known == name).then_some(order))
    }
}

/// Settings of an outbox. The policy's table bounds each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxConfig {
    /// After so many answers that asked for another try, a write is set aside.
    pub tries: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// How long a write of unknown fate is left alone: what is still under way may arrive until then.
    pub grace: Span,
    /// The same, where pages cannot agree who replays and another one may still be at it.
    pub lease: Span,
    /// Which writes keep their order.
    pub order: Order,
    /// How many writes there is room for.
    pub max_writes: u32,
    /// How many bytes of bodies there is room for.
    pub max_bytes: u64,
}

/// There is no room for another write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// Too many of them.
    #[error("the outbox is full: it holds {0} writes")]
    Writes(u32),
    /// Too many bytes.
    #[error("the outbox is full: it holds {0} bytes")]
    Bytes(u64),
}

/// No server's advice keeps the outbox waiting for longer.
const LONGEST_ADVICE: Span = Span::from_secs(600);

impl OutboxConfig {
    /// The settings with waits of up to `base`, doubling up to `max`; what stands in no table is as it is by default.
    #[must_use]
    pub fn with_waits(base: Span, max: Span) -> Self {
        Self {
            backoff: Backoff::known(base.max(Span::from_millis(1)), max.max(base)),
            ..Self::default()
        }
    }

    /// Whether there is room for one more write of so many bytes beside what is held.
    ///
    /// # Errors
    /// There is not.
    pub fn admits(&self, held_writes: u32, held_bytes: u64, bytes: u64) -> Result<(), Full> {
        if held_writes >= self.max_writes {
            return Err(Full::Writes(held_writes));
        }
        if held_bytes.saturating_add(bytes) > self.max_bytes {
            return Err(Full::Bytes(held_bytes));
        }
        Ok(())
    }

    /// Longer than this nothing waits; what seems to, was stored by a clock that has been set back since.
    #[must_use]
    pub fn longest_wait(&self) -> Span {
        LONGEST_ADVICE.plus(self.backoff.bound(u32::MAX)).plus(self.lease)
    }

    /// A server's advice, within reason.
    pub(super) fn heeded(advice: Option<Span>) -> Span {
        advice.unwrap_or_default().min(LONGEST_ADVICE)
    }
}

impl Default for OutboxConfig {
    fn default() -> Self {
        Self {
            tries: 10,
            backoff: Backoff::known(Span::from_millis(1_000), Span::from_millis(60_000)),
            grace: Span::from_millis(2_000),
            lease: Span::from_millis(60_000),
            order: Order::Table,
            max_writes: 1_000,
            max_bytes: 5_000_000,
        }
    }
}
