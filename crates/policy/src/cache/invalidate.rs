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

/// What a kept answer is known by.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Its key.
    pub key: &'a str,
    /// Whom it was kept for.
    pub user: &'a str,
    /// Path and query of its request.
    pub path: &'a str,
    /// The tables it depends on.
    pub tables: &'a [String],
    /// The tags its caller gave it.
    pub tags: &'a [String],
}

/// How many slots there are: the first for what concerns everything.
pub const SLOTS: usize = 128;

/// Counts of invalidations, by what they concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    count: u32,
    slots: [u32; SLOTS],
}

impl Target {
    /// Whether it ends an answer with these labels.
    #[must_use]
    pub fn matches(&self, labels: &Labels<'_>) -> bool {
        match self {
            Self::Key(key) => labels.key == key,
            Self::Table(table) => labels.tables.contains(table),
            Self::Tag(tag) => labels.tags.contains(tag),
            Self::Pattern(pattern) => {
                is_like(pattern, labels.path) || is_like(pattern, &decoded(labels.path))
            }
            Self::User(user) => labels.user == user,
            Self::Everything => true,
        }
    }

    fn slot(&self) -> usize {
        match self {
            Self::Table(name) => slot("table", name),
            Self::Tag(name) => slot("tag", name),
            Self::User(name) => slot("user", name),
            Self::Key(_) | Self::Pattern(_) | Self::Everything => 0,
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
        if let Some(slot) = self.slots.get_mut(target.slot()) {
            *slot = self.count;
        }
    }

    /// Whether what was asked for at that count is still worth keeping.
    #[must_use]
    pub fn allow(&self, since: u32, labels: &Labels<'_>) -> bool {
        let tables = labels.tables.iter().map(|table| slot("table", table));
        let tags = labels.tags.iter().map(|tag| slot("tag", tag));
        let mut slots = tables.chain(tags).chain([0, slot("user", labels.user)]);
        since <= self.count && slots.all(|index| self.slots.get(index).is_some_and(|at| *at <= since))
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
fn slot(kind: &str, name: &str) -> usize {
    let bytes = kind.bytes().chain([b' ']).chain(name.bytes());
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    1 + hash as usize % (SLOTS - 1)
}

/// Whether the text is like the pattern, in which `*` stands for any run of characters. Linear but for the
/// pattern's stars.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
