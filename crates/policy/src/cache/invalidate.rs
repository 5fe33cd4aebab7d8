//! What ends a kept answer, and what keeps an old one from being stored after its end.
//!
//! An answer that was asked for before an invalidation may arrive after it, and is then as untrue as those that
//! were thrown away. [`Marks`] counts invalidations: whoever asks the server takes the count first, and what comes
//! back is kept only if nothing that concerns it was invalidated since. The marks are a fixed number of slots that
//! names are hashed into, so they never grow; two names in one slot cost a request now and then.

use super::depend::decoded;

/// What is to be thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One answer.
    Key(String),
    /// Every answer that depends on the table.
    Table(String),
    /// Every answer with the tag.
    Tag(String),
    /// Every answer whose path and query look like this; `*` stands for anything.
    Pattern(String),
    /// Every answer kept for the user.
    User(String),
    /// Every answer.
    Everything,
}

/// How many slots there are: the first for what concerns everything. Small enough to be read with every lookup.
pub const SLOTS: usize = 1_024;

/// Counts of invalidations, by what they concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    count: u32,
    slots: [u32; SLOTS],
}

/// The slots of an answer: those whose marks end it.
#[must_use]
pub fn slots_of(key: &str, user: &str, tables: &[String], tags: &[String]) -> Vec<u16> {
    let tables = tables.iter().map(|table| slot(b't', table));
    let tags = tags.iter().map(|tag| slot(b'g', tag));
    [0, slot(b'k', key), slot(b'u', user)]
        .into_iter()
        .chain(tables)
        .chain(tags)
        .collect()
}

impl Target {
    /// The slot whose mark ends the answers meant; the first, which all have, where they cannot be told by a name.
    #[must_use]
    pub fn slot(&self) -> u16 {
        match self {
            Self::Key(name) => slot(b'k', name),
            Self::Table(name) => slot(b't', name),
            Self::Tag(name) => slot(b'g', name),
            Self::User(name) => slot(b'u', name),
            Self::Pattern(_) | Self::Everything => 0,
        }
    }
}

impl Marks {
    /// The count now, to be taken before the server is asked.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Something is invalidated.
    pub fn mark(&mut self, target: &Target) {
        self.count = self.count.saturating_add(1);
        if let Some(slot) = self.slots.get_mut(usize::from(target.slot())) {
            *slot = self.count;
        }
    }

    /// Whether an answer with these slots, asked for at that count, is still true.
    #[must_use]
    pub fn allow(&self, since: u32, slots: &[u16]) -> bool {
        let untouched = |slot: &u16| self.slots.get(usize::from(*slot)).is_some_and(|at| *at <= since);
        since <= self.count && slots.iter().all(untouched)
    }

    /// As numbers, to be stored: the count, then the slots.
    #[must_use]
    pub fn to_numbers(&self) -> Vec<u32> {
        core::iter::once(self.count).chain(self.slots).collect()
    }

    /// From stored numbers; nothing when they are not such.
    #[must_use]
    pub fn from_numbers(numbers: &[u32]) -> Option<Self> {
        let (count, slots) = numbers.split_first()?;
        let slots = <[u32; SLOTS]>::try_from(slots).ok()?;
        let sound = slots.iter().all(|slot| slot <= count);
        sound.then_some(Self { count: *count, slots })
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            count: 0,
            slots: [0; SLOTS],
        }
    }
}

/// FNV-1a over the kind and the name, into a slot other than the first.
fn slot(kind: u8, name: &str) -> u16 {
    let hash = name.bytes().fold(
        (0x811c_9dc5 ^ u32::from(kind)).wrapping_mul(0x0100_0193),
        |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193),
    );
    1 + u16::try_from(hash % 1_023).unwrap_or_default()
}

/// Whether a request's path and query look like the pattern, as they were sent or decoded; `*` stands for any run of
/// characters.
#[must_use]
pub fn is_like(pattern: &str, path: &str) -> bool {
    matches(pattern.as_bytes(), path.as_bytes()) || matches(pattern.as_bytes(), decoded(path).as_bytes())
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match after(rest, part) {
            Some(tail) => rest = tail,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What follows the first place where the part is.
fn after<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    let place = (0..=text.len().checked_sub(part.len())?)
        .find(|at| text.get(*at..).is_some_and(|tail| tail.starts_with(part)))?;
    text.get(place + part.len()..)
}
