//! Reads that differ in one `eq` filter, asked together with `in` and told apart by their rows.
//!
//! Fifty components that each read `profiles?id=eq.…` become one request. Whoever asked gets what it would have got
//! alone: its own rows as the server wrote them, in their order, with its own count. Three things make that certain:
//!
//! - only values that are different whatever the column's type may meet in a batch (see [`value`]), so each row is
//!   the answer to exactly one of them: the one whose text it shows;
//! - the batch asks for an exact count, so an answer that a server cut short is noticed;
//! - whatever is not certain (a row that shows no value asked for, an error that may be about one of the values, a
//!   single object that is not there) is asked again alone, and a read whose rows could not be told apart is not
//!   batched again.
//!
//! Rows without an `order` come in the order the server gives them, which SQL leaves open for one request and for many.

mod answer;
mod candidate;
mod value;

use answer::Part;
pub use answer::Verdict;
use candidate::Candidate;

use super::{list, query};

/// How large a batch may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Reads in one batch.
    pub max_size: usize,
    /// Characters of its URL.
    pub max_url: usize,
}

/// A read that might be batched.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Where it goes.
    pub url: &'a str,
    /// Its `Accept`.
    pub accept: Option<&'a str>,
    /// Its `Prefer`.
    pub prefer: Option<&'a str>,
    /// Whether it asks for a page by `Range`.
    pub has_range: bool,
    /// Everything else that must be the same for all: user, transport, the other headers.
    pub scope: &'a str,
}

/// Where a read found its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The batch's number.
    pub batch: u32,
    /// Which of its reads this is, from 0.
    pub position: usize,
    /// Whether the batch is to be sent now, for nothing more fits in.
    pub is_full: bool,
}

/// Batches that fill, and batches under way.
#[derive(Clone, Debug, Default)]
pub struct Batcher {
    batches: Vec<Batch>,
    /// Reads whose rows could not be told apart.
    distrusted: Vec<String>,
    next: u32,
}

/// Reads whose rows could not be told apart are remembered up to so many; then all are forgotten and tried again.
const MOST_DISTRUSTED: usize = 200;

#[derive(Clone, Debug)]
struct Batch {
    id: u32,
    /// The ways in which the next read may join; one, once two reads have met.
    candidates: Vec<Candidate>,
    /// What each read asked for; of a lone read, nothing yet.
    values: Vec<String>,
    /// Characters its URL has with these values.
    url_len: usize,
    is_object: bool,
    is_counted: bool,
    is_filling: bool,
    parts: Vec<Option<Part>>,
}

impl Batcher {
    /// Finds a place for a read; `None` where it must be sent alone.
    pub fn offer(&mut self, ask: &Ask<'_>, limits: Limits) -> Option<Place> {
        let found: Vec<Candidate> = candidate::of(ask)?
            .into_iter()
            .filter(|candidate| !self.distrusted.contains(&candidate.key))
            .collect();
        for own in &found {
            let Some(batch) = self.batches.iter_mut().find(|batch| batch.takes(own, limits)) else {
                continue;
            };
            batch.join(own);
            let is_full = batch.values.len() >= limits.max_size;
            batch.is_filling = !is_full;
            return Some(Place {
                batch: batch.id,
                position: batch.values.len() - 1,
                is_full,
            });
        }
        if found.is_empty() || limits.max_size < 2 {
            return None;
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.batches.push(Batch {
            id,
            values: Vec::new(),
            url_len: 0,
            is_object: candidate::is_object(ask.accept),
            is_counted: ask.prefer.is_some_and(|prefer| !prefer.is_empty()),
            candidates: found,
            is_filling: true,
            parts: Vec::new(),
        });
        Some(Place {
            batch: id,
            position: 0,
            is_full: false,
        })
    }

    /// Ends the filling. The URL to ask all with, or `None` where one read stayed alone and is sent as it was.
    pub fn close(&mut self, id: u32) -> Option<String> {
        let batch = self.batches.iter_mut().find(|batch| batch.id == id)?;
        batch.is_filling = false;
        if batch.values.len() < 2 {
            return None;
        }
        let mut distinct: Vec<&str> = Vec::new();
        for value in &batch.values {
            if !distinct.contains(&value.as_str()) {
                distinct.push(value);
            }
        }
        batch
            .candidates
            .first()
            .map(|chosen| chosen.url(&list::write(distinct)))
    }

    /// Takes the batch's answer apart. `range` is its `Content-Range`.
    pub fn answer(&mut self, id: u32, status: u16, range: Option<&str>, body: &[u8]) -> Verdict {
        let Some(batch) = self.batches.iter_mut().find(|batch| batch.id == id) else {
            return Verdict::Apart;
        };
        let verdict = answer::verdict(status);
        let Some(chosen) = batch.candidates.first().filter(|_| verdict == Verdict::Split) else {
            return verdict;
        };
        if let Some(parts) = answer::parts(chosen, &batch.values, batch.is_object, range, body) {
            batch.parts = parts;
            return Verdict::Split;
        }
        if self.distrusted.len() >= MOST_DISTRUSTED {
            self.distrusted.clear();
        }
        self.distrusted.push(chosen.key.clone());
        Verdict::Apart
    }

    /// One read's body, once; `None` where it must be asked alone.
    pub fn body(&mut self, id: u32, position: usize) -> Option<Vec<u8>> {
        let batch = self.batches.iter_mut().find(|batch| batch.id == id)?;
        let part = batch.parts.get_mut(position)?.as_mut()?;
        Some(core::mem::take(&mut part.body))
    }

    /// One read's `Content-Range`.
    #[must_use]
    pub fn range(&self, id: u32, position: usize) -> Option<String> {
        let batch = self.batches.iter().find(|batch| batch.id == id)?;
        let part = batch.parts.get(position)?.as_ref()?;
        Some(part.range(batch.is_counted))
    }

    /// Forgets a batch whose reads all have their answers.
    pub fn forget(&mut self, id: u32) {
        self.batches.retain(|batch| batch.id != id);
    }
}

impl Batch {
    /// Whether a read may join.
    fn takes(&self, own: &Candidate, limits: Limits) -> bool {
        let Some(first) = self.candidates.iter().find(|candidate| candidate.key == own.key) else {
            return false;
        };
        let met = self.values.iter().chain([&first.value]);
        self.is_filling
            && self.values.len() < limits.max_size
            && met.into_iter().all(|value| value::may_meet(value, &own.value))
            && self.len_with(first, own) <= limits.max_url
    }

    fn len_with(&self, first: &Candidate, own: &Candidate) -> usize {
        let before = if self.values.is_empty() {
            first.url(&list::write([first.value.as_str()])).len()
        } else {
            self.url_len
        };
        before + element_len(&own.value)
    }

    fn join(&mut self, own: &Candidate) {
        self.candidates.retain(|candidate| candidate.key == own.key);
        if let Some(first) = self.candidates.first()
            && self.values.is_empty()
        {
            self.url_len = first.url(&list::write([first.value.as_str()])).len();
            self.values.push(first.value.clone());
        }
        self.url_len += element_len(&own.value);
        self.values.push(own.value.clone());
    }
}

/// How much longer an element makes the URL.
fn element_len(value: &str) -> usize {
    let mut element = String::from(",");
    list::push(&mut element, value);
    query::encoded(&element).len()
}

#[cfg(test)]
mod tests;
