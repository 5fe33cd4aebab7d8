//! What the cache reads that others wrote: queries, headers, patterns, stored marks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::cache::depend::Relations;
use seawall_policy::cache::freshness::{Directives, Lifetimes};
use seawall_policy::cache::invalidate::{Marks, is_like};
use seawall_policy::cache::key::{Identity, canonical, split};

fuzz_target!(|input: (&str, &str, Vec<u32>)| {
    let (text, other, numbers) = input;
    let (place, query) = split(text);
    assert!(!Relations::default().tables_read(place, query).is_empty());
    let lifetimes = Lifetimes::default().within(&Directives::parse(text));
    assert!(lifetimes.fresh <= Lifetimes::default().fresh);
    assert!(is_like("*", text) && is_like(text, text));
    let _ = is_like(text, other);
    let key = |url| canonical("GET", url, true, core::iter::empty(), &Identity::default());
    assert_eq!(key(text), key(text));
    if let Some(marks) = Marks::from_numbers(&numbers) {
        assert_eq!(marks.to_numbers(), numbers);
    }
});
