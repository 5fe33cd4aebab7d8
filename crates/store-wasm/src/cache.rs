//! The cache's decisions as JavaScript sees them, which keeps the entries.
//!
//! Every rule is `seawall_policy::cache`'s.

use seawall_policy::cache::admit::{Part, Reply, judge, may_have_written, part};
use seawall_policy::cache::depend::Relations;
use seawall_policy::cache::evict::{Amount, Limits};
use seawall_policy::cache::freshness::{Age, Directives, Lifetimes};
use seawall_policy::cache::invalidate::{Marks, Target, is_like, slots_of};
use seawall_policy::cache::key::{Identity, canonical, is_absolute};
use seawall_policy::cache::lookup::{Mode, Plan, Situation, plan, rescues};
use seawall_policy::class::{self, Category, Class, Service};
use seawall_policy::time::{Span, UnixTime};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::digest;

/// The cache's rules, and what was invalidated in this page.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Cache {
    marks: Marks,
    relations: Relations,
}

#[wasm_bindgen]
impl Cache {
    /// A cache that knows of no relations.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reading the one reads the other too.
    #[wasm_bindgen(js_name = relateRead)]
    pub fn relate_read(&mut self, name: &str, table: &str) {
        self.relations.reads(name, table);
    }

    /// Writing to the one changes the other too.
    #[wasm_bindgen(js_name = relateWrite)]
    pub fn relate_write(&mut self, name: &str, table: &str) {
        self.relations.writes(name, table);
    }

    /// What a request is to the cache: 0 a read, 1 a write, 2 nothing. `kept`: this service's reads are.
    #[must_use]
    pub fn part(&self, kind: u8, endpoint: &str, method: &str, kept: bool) -> u8 {
        let (Some(service), Some(class)) = (Service::from_code(kind >> 3), Class::from_code(kind & 7)) else {
            return 2;
        };
        let target = class::Target {
            service,
            class,
            endpoint,
        };
        match part(&target, method, kept) {
            Part::Read => 0,
            Part::Write => 1,
            Part::Bystander => 2,
        }
    }

    /// The key of a request, empty where its address means something else on another page. `headers` has a line
    /// `name:value` for each; `who` is the subject, the claims and the API key, a line each.
    #[must_use]
    pub fn key(&self, orderless: bool, method: &str, url: &str, headers: &str, who: &str) -> String {
        if !is_absolute(url) {
            return String::new();
        }
        let mut lines = who.split('\n');
        let mut next = || lines.next().unwrap_or_default();
        let identity = Identity {
            subject: next(),
            claims: next(),
            api_key: next(),
        };
        let headers = headers.split('\n').filter_map(|line| line.split_once(':'));
        digest::of(&canonical(method, url, orderless, headers, &identity))
    }

    /// What stands for a user in storage: it names nobody.
    #[must_use]
    pub fn user(&self, subject: &str) -> String {
        digest::of(subject)
    }

    /// The tables that an answer depends on.
    #[wasm_bindgen(js_name = tablesRead)]
    #[must_use]
    pub fn tables_read(&self, endpoint: &str, query: &str) -> Vec<String> {
        self.relations.tables_read(endpoint, query)
    }

    /// The tables that a write changes.
    #[wasm_bindgen(js_name = tablesWritten)]
    #[must_use]
    pub fn tables_written(&self, endpoint: &str) -> Vec<String> {
        self.relations.tables_written(endpoint)
    }

    /// The slots whose marks end an answer.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a list that comes from JavaScript is owned"
    )]
    pub fn slots(&self, key: &str, user: &str, tables: Vec<String>, tags: Vec<String>) -> Vec<u16> {
        slots_of(key, user, &tables, &tags)
    }

    /// How old an answer is: 0 fresh, 1 stale, 2 last known, 3 gone. `control` is its `Cache-Control`.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "one call across the boundary is cheaper than an object"
    )]
    pub fn age(&self, stored: f64, now: f64, control: &str, fresh: f64, stale: f64, kept: f64) -> u8 {
        let lifetimes = Lifetimes {
            fresh: Span::from_millis_f64(fresh),
            stale: Span::from_millis_f64(stale),
            kept: Span::from_millis_f64(kept),
        };
        let lifetimes = lifetimes.within(&Directives::parse(control));
        lifetimes.judge(unix(stored), unix(now)) as u8
    }

    /// What to do with a read, given that age: 0 serve what is fresh, 1 serve what is stale, 2 that and revalidate,
    /// 3 fetch, 4 fetch briefly, 5 refuse.
    #[must_use]
    pub fn plan(&self, held: u8, mode: u8, online: bool, troubled: bool) -> u8 {
        let mode = Mode::from_code(mode).unwrap_or_default();
        let situation = Situation {
            mode,
            online,
            troubled,
        };
        match plan(age_of(held), &situation) {
            Plan::ServeFresh => 0,
            Plan::ServeStale => 1,
            Plan::ServeStaleAndRevalidate => 2,
            Plan::Fetch => 3,
            Plan::FetchBriefly => 4,
            Plan::Refuse => 5,
        }
    }

    /// Whether an answer of that age is given instead of a failure of that category.
    #[must_use]
    pub fn rescues(&self, held: u8, mode: u8, category: u8) -> bool {
        let mode = Mode::from_code(mode).unwrap_or_default();
        Category::from_code(category).is_some_and(|category| rescues(age_of(held), mode, category))
    }

    /// What came of asking the server: 0 keep it, 1 renew what is kept, 2 discard, 3 pass, 16 and more: failed with
    /// the category of that number less 16. `code` is empty where the body names none.
    #[must_use]
    pub fn judge(&self, status: u16, code: &str, control: &str, vary: &str, conditional: bool) -> u8 {
        let code = Some(code).filter(|code| !code.is_empty());
        let directives = Directives::parse(control);
        match judge(Service::Rest, status, code, &directives, vary, conditional) {
            Reply::Keep => 0,
            Reply::Renew => 1,
            Reply::Discard => 2,
            Reply::Pass => 3,
            Reply::Failed(category) => 16 + category.code(),
        }
    }

    /// Whether a write that ended with this status, or broke with the category of that number, may have changed
    /// something.
    #[wasm_bindgen(js_name = mayHaveWritten)]
    #[must_use]
    pub fn may_have_written(&self, status: u16, category: Option<u8>) -> bool {
        may_have_written(status, category.and_then(Category::from_code))
    }

    /// How often something was invalidated: taken before the server is asked.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.marks.count()
    }

    /// Whether an answer with these slots, asked for at that count, is still true.
    #[must_use]
    pub fn allows(&self, since: u32, slots: &[u16]) -> bool {
        self.marks.allow(since, slots)
    }

    /// What was invalidated, as numbers to be stored.
    #[must_use]
    pub fn numbers(&self) -> Vec<u32> {
        self.marks.to_numbers()
    }

    /// Takes up what was invalidated from stored numbers; tells whether they are such.
    #[must_use]
    pub fn restore(&mut self, numbers: &[u32]) -> bool {
        let marks = Marks::from_numbers(numbers);
        let is_sound = marks.is_some();
        self.marks = marks.unwrap_or_default();
        is_sound
    }

    /// Invalidates: 0 a key, 1 a table, 2 a tag, 3 a pattern, 4 a user, 5 everything.
    pub fn forget(&mut self, kind: u8, name: &str) {
        if let Some(target) = target(kind, name) {
            self.marks.mark(&target);
        }
    }

    /// Whether a request's path and query look like the pattern.
    #[wasm_bindgen(js_name = isLike)]
    #[must_use]
    pub fn is_like(&self, pattern: &str, path: &str) -> bool {
        is_like(pattern, path)
    }

    /// Whether so much is too much, and how much of it has to go: entries and bytes.
    #[must_use]
    pub fn excess(&self, entries: f64, bytes: f64, most_entries: f64, most_bytes: f64) -> Vec<f64> {
        let kept = amount(entries, bytes);
        let total = amount(most_entries, most_bytes);
        let excess = Limits {
            total,
            largest: total.bytes,
        }
        .excess(kept);
        vec![float(excess.entries), float(excess.bytes)]
    }
}

fn age_of(code: u8) -> Age {
    match code {
        0 => Age::Fresh,
        1 => Age::Stale,
        2 => Age::LastKnown,
        3..=u8::MAX => Age::Gone,
    }
}

fn amount(entries: f64, bytes: f64) -> Amount {
    Amount {
        entries: whole(entries),
        bytes: whole(bytes),
    }
}

fn target(kind: u8, name: &str) -> Option<Target> {
    let name = name.to_owned();
    match kind {
        0 => Some(Target::Key(name)),
        1 => Some(Target::Table(name)),
        2 => Some(Target::Tag(name)),
        3 => Some(Target::Pattern(name)),
        4 => Some(Target::User(name)),
        5 => Some(Target::Everything),
        _ => None,
    }
}

fn unix(wall: f64) -> UnixTime {
    UnixTime::from_millis(whole(wall))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[expect(clippy::cast_precision_loss, reason = "no cache holds 2^53 bytes")]
fn float(number: u64) -> f64 {
    number as f64
}
