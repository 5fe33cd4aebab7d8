//! The shape of requests as JavaScript sees it: batches, parts and bursts are numbers or names, answers are bytes.

use seawall_policy::queue::batch::{self, Limits, Verdict};
use seawall_policy::queue::debounce::{Debounce, Edge, Move};
use seawall_policy::queue::insert;
use seawall_policy::queue::split::{self, Answer, Split};
use seawall_policy::time::{MonoTime, Span};
use wasm_bindgen::prelude::wasm_bindgen;

/// Reads that become one.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Batcher {
    batcher: batch::Batcher,
}

#[wasm_bindgen]
impl Batcher {
    /// No batches yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A place for a read: the batch, the position, and 1 if the batch is full; nothing if it is sent alone.
    #[expect(
        clippy::too_many_arguments,
        reason = "one crossing of the boundary, in words and numbers"
    )]
    pub fn offer(
        &mut self,
        url: &str,
        accept: &str,
        prefer: &str,
        has_range: bool,
        scope: &str,
        max_size: u32,
        max_url: u32,
    ) -> Vec<u32> {
        let (accept, prefer) = (given(accept), given(prefer));
        let limits = Limits {
            max_size: size(max_size),
            max_url: size(max_url),
        };
        let place = self.batcher.offer(
            &batch::Ask {
                url,
                accept,
                prefer,
                has_range,
                scope,
            },
            limits,
        );
        let position = |place: batch::Place| u32::try_from(place.position).unwrap_or(u32::MAX);
        place.map_or(Vec::new(), |place| {
            vec![place.batch, position(place), u32::from(place.is_full)]
        })
    }

    /// The URL for all of a batch; nothing where one read stayed alone.
    pub fn close(&mut self, batch: u32) -> Option<String> {
        self.batcher.close(batch)
    }

    /// What becomes of a batch's answer: 0 split, 1 share, 2 each alone.
    pub fn answer(&mut self, batch: u32, status: u16, range: &str, body: &[u8]) -> u8 {
        match self.batcher.answer(batch, status, given(range), body) {
            Verdict::Split => 0,
            Verdict::Share => 1,
            Verdict::Apart => 2,
        }
    }

    /// One read's body; nothing where it is asked alone.
    pub fn body(&mut self, batch: u32, position: u32) -> Option<Vec<u8>> {
        self.batcher.body(batch, size(position))
    }

    /// One read's `Content-Range`.
    #[must_use]
    pub fn range(&self, batch: u32, position: u32) -> Option<String> {
        self.batcher.range(batch, size(position))
    }

    /// Forgets a batch that is done.
    pub fn forget(&mut self, batch: u32) {
        self.batcher.forget(batch);
    }
}

/// What two inserts must have in common to become one; nothing where this one is sent alone.
#[wasm_bindgen]
#[must_use]
pub fn insert_key(url: &str, prefer: &str, scope: &str, body: &[u8]) -> Option<String> {
    insert::key(url, given(prefer), scope, body)
}

/// Whether inserts sent as one are sent again, each alone, after an answer of this status.
#[wasm_bindgen]
#[must_use]
pub fn insert_apart(status: u16) -> bool {
    insert::verdict(status) == insert::Verdict::Apart
}

/// Requests in parts.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Splitter {
    splits: Vec<(u32, Split, Vec<Answer>)>,
    whole: Option<split::Whole>,
    next: u32,
}

#[wasm_bindgen]
impl Splitter {
    /// Nothing is split yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The split's number; nothing where the request is sent as it is.
    #[expect(
        clippy::too_many_arguments,
        reason = "one crossing of the boundary, in words and numbers"
    )]
    pub fn plan(
        &mut self,
        method: &str,
        url: &str,
        accept: &str,
        prefer: &str,
        has_range: bool,
        is_marked: bool,
        max_url: u32,
    ) -> Option<u32> {
        let (accept, prefer) = (given(accept), given(prefer));
        let ask = split::Ask {
            method,
            url,
            accept,
            prefer,
            has_range,
            is_marked,
        };
        let split = Split::plan(&ask, size(max_url))?;
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let answers = vec![Answer::default(); split.urls.len()];
        self.splits.push((id, split, answers));
        Some(id)
    }

    /// The parts' URLs.
    #[must_use]
    pub fn urls(&self, id: u32) -> Vec<String> {
        self.find(id)
            .map_or(Vec::new(), |(_, split, _)| split.urls.clone())
    }

    /// Whether the parts are sent one after the other.
    #[must_use]
    pub fn in_turn(&self, id: u32) -> bool {
        self.find(id).is_some_and(|(_, split, _)| split.is_in_turn())
    }

    /// Takes one part's answer.
    pub fn give(&mut self, id: u32, part: u32, range: &str, body: Vec<u8>) {
        let found = self.splits.iter_mut().find(|(own, ..)| *own == id);
        if let Some(answer) = found.and_then(|(_, _, answers)| answers.get_mut(size(part))) {
            *answer = Answer {
                body,
                range: given(range).map(str::to_owned),
            };
        }
    }

    /// The body of the whole; nothing where the parts cannot be put together. Its `Content-Range` follows.
    pub fn whole(&mut self, id: u32) -> Option<Vec<u8>> {
        self.whole = self.find(id).and_then(|(_, split, answers)| split.whole(answers));
        self.whole.as_mut().map(|whole| core::mem::take(&mut whole.body))
    }

    /// The `Content-Range` of what was put together last.
    #[must_use]
    pub fn range(&self) -> Option<String> {
        self.whole.as_ref()?.range.clone()
    }

    /// Forgets a split that is done.
    pub fn forget(&mut self, id: u32) {
        self.splits.retain(|(own, ..)| *own != id);
    }

    fn find(&self, id: u32) -> Option<&(u32, Split, Vec<Answer>)> {
        self.splits.iter().find(|(own, ..)| *own == id)
    }
}

/// Bursts of calls, by their keys.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Debouncer {
    keys: Vec<(String, Debounce)>,
}

#[wasm_bindgen]
impl Debouncer {
    /// No bursts yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A call arrives. The instant until which it is held, or -1: it is sent, or -2: it ends as the one that was.
    pub fn arrive(&mut self, key: &str, is_leading: bool, wait: f64, now: f64) -> f64 {
        let edge = if is_leading { Edge::Leading } else { Edge::Trailing };
        let (wait, now) = (Span::from_millis_f64(wait), MonoTime::from_millis_f64(now));
        let made = match self.keys.iter_mut().find(|(own, _)| own == key) {
            Some((_, burst)) => burst.arrive(edge, wait, now),
            None => {
                let mut burst = Debounce::default();
                let made = burst.arrive(edge, wait, now);
                self.keys.push((key.to_owned(), burst));
                made
            }
        };
        match made {
            Move::Hold(until) => until.as_millis_f64(),
            Move::Send => -1.0,
            Move::Join => -2.0,
        }
    }

    /// Forgets a burst that is over.
    pub fn forget(&mut self, key: &str) {
        self.keys.retain(|(own, _)| own != key);
    }
}

/// A header's text; what is absent in JavaScript is empty here.
fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
