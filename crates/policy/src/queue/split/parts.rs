//! The list of an `in` filter, dealt out over as many URLs as it needs.

use super::super::query::{self, Query};
use super::super::text::{self, fold};
use super::super::{list, select};

/// URLs of at most `max_url` characters that together ask for what the query does; `None` where its length is not
/// that of one list of `in` on a plain column.
pub(super) fn urls(query: &Query<'_>, max_url: usize) -> Option<Vec<String>> {
    if query
        .only("select")
        .is_some_and(|select| text::holds(select, b"()"))
    {
        return None;
    }
    let mut longest = None;
    let mut len = 0;
    for (index, pair) in query.pairs.iter().enumerate() {
        let is_list = pair.value.as_bytes().starts_with(b"in.(") && select::is_name(&pair.name);
        if is_list && pair.raw.len() > len {
            (longest, len) = (Some((index, pair)), pair.raw.len());
        }
    }
    let (index, pair) = longest?;
    let values = list::read(&pair.value)?;
    if values.iter().any(|value| may_be_written_otherwise(value)) {
        return None;
    }
    let (before, after) = query.around(index, None);
    let room = max_url.checked_sub(before.len() + after.len() + "in.()".len())?;
    let mut urls = Vec::new();
    for hand in deal(&values, room)? {
        let list = query::encoded(&list::write(hand));
        urls.push([before.as_str(), &list, &after].concat());
    }
    Some(urls)
}

/// The values in hands of at most `room` characters. Values that may be equal are in one hand.
fn deal(values: &[String], room: usize) -> Option<Vec<Vec<&str>>> {
    let mut keyed: Vec<(String, &str)> = Vec::with_capacity(values.len());
    for value in values {
        keyed.push((likeness(value), value));
    }
    let sorted = text::sorted(keyed.len(), &|one, other| keyed.get(one) > keyed.get(other));
    let mut hands: Vec<Vec<&str>> = Vec::new();
    let mut alike: Vec<&str> = Vec::new();
    let mut used = usize::MAX;
    let mut at = sorted.iter().filter_map(|at| keyed.get(*at)).peekable();
    while let Some((likeness, value)) = at.next() {
        if alike.last() != Some(value) {
            alike.push(value);
        }
        if at.peek().is_some_and(|(next, _)| next == likeness) {
            continue;
        }
        let needed = alike.iter().map(|value| element_len(value)).sum::<usize>();
        if needed > room {
            return None;
        }
        if used.saturating_add(needed) > room {
            hands.push(Vec::new());
            used = 0;
        }
        used += needed;
        hands.last_mut()?.append(&mut alike);
    }
    Some(hands)
}

/// The characters of an element and of the comma before it.
fn element_len(value: &str) -> usize {
    let mut element = String::from(",");
    list::push(&mut element, value);
    query::encoded(&element).len()
}

/// An instant, or an interval, can be written in ways that no text shows to be one.
fn may_be_written_otherwise(value: &str) -> bool {
    value.bytes().any(|byte| byte == b':') && value.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// What two values have in common that some type of column holds for equal. Of a number, its digits from the first
/// to the last that is no zero: more numbers than one may have them in common, which only puts them together.
fn likeness(value: &str) -> String {
    let is_number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-. ".contains(&byte));
    let mut likeness = fold(value);
    if is_number {
        while likeness.ends_with('0') {
            likeness.pop();
        }
        let zeros = likeness.bytes().take_while(|byte| *byte == b'0').count();
        likeness.drain(..zeros);
    }
    likeness
}
