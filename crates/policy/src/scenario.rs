//! Replays of written scenarios: a time, what happens, what must come of it.
//!
//! The files in `tests/scenarios` are run by this one interpreter natively and, compiled to wasm32, in a browser,
//! so both sides decide alike. A line is a comment, a preparation or a step:
//!
//! ```text
//! # comment
//! set breaker.failureThreshold 3        one setting of the policy document, before any step
//! random lowest                         or highest, or a seed: what jitter draws
//! 1500ms  admit a      => admitted      at that instant, do this; this must be the answer
//! ```
//!
//! Times are `30s`, `250ms`, `7ns`, joined by `+` or `-`; a time before the last one is a clock set back.
//! The answers are compared word by word; times by value. Steps:
//!
//! | step | answer |
//! |---|---|
//! | `admit NAME` | `admitted` · `rejected REASON [until TIME]` |
//! | `settle NAME OUTCOME [SPAN]` | the state |
//! | `cancel NAME`, `tick`, `force_open`, `force_closed`, `disable`, `watch_only`, `reset`, `state` | the state |
//! | `event` | `FROM > TO CAUSE` · `none` |
//! | `deadline` | `TIME` · `none` |
//! | `save` | `saved` |
//! | `reload SPAN` (so long after saving, by the wall clock) | the state · the refusal |
//! | `stored TEXT` (decodes a stored text) | `ok` · the refusal |
//! | `take`, `wait NAME [PRIORITY]`, `redeem NAME` | `now N left` · `at TIME` · `refused REASON until TIME` |
//! | `leave NAME`, `hold [SPAN]`, `told HEADER` | `N left` |
//! | `gcra COST` | `now N left` · `refused until TIME` |
//! | `ready` (who is called from the line) | `NAME` · `none` |
//! | `start NAME safe\|unsafe [PRIORITY]`, `wake NAME`, `answer NAME` (its answer begins), `answer NAME ATTEMPT OUTCOME`, `abort NAME` | `send N until TIME` · `sleep turn\|slot\|retry until TIME` · `deliver` · `fail CATEGORY [until TIME]` · `pending` |
//! | `cache read USER URL [WORLD…]` | `fresh` · `stale [revalidate]` · `fetch [briefly]` · `refuse` |
//! | `cache ask NAME USER URL` | the tables its answer depends on |
//! | `cache answer NAME STATUS [CACHE-CONTROL]` | `kept` · `outdated` · `discarded` · `passed` · `failed CATEGORY` |
//! | `cache breaks USER URL CATEGORY` | `stale` · `fails` |
//! | `cache write PATH`, `cache forget table\|tag\|pattern\|user\|everything NAME` | `N ended` |
//! | `cache lifetimes FRESH STALE KEPT`, `cache relate reads\|writes NAME TABLE` | `ok` |
//! | `outbox queue LANE ROW safe\|once [USER]` (a row's key, `new` or `any`) | `queued N` |
//! | `outbox replay PAGE [USER]` | `send N FORM` · `wait until TIME` · `session` · `idle` |
//! | `outbox heard PAGE N OUTCOME [RESOLUTION]`, `outbox unsent PAGE N SPAN` | `done` · `dropped` · `again until TIME [pause]` · `session` · `ask` · `set_aside REASON` · `another's` |
//! | `outbox resolve N RESOLUTION`, `outbox put_back N`, `outbox look N` | as above · `queued` · `sending` · `set_aside REASON` · `gone` |
//!
//! An outcome is `success`, `network`, `timeout`, `offline`, `aborted`, or `STATUS[/CODE][+RETRY_AFTER]`.
//! The limiter has the policy's quota for reads, the GCRA the one for an address.

use core::fmt;

mod life;
mod line;
mod outbox;
mod shelf;
mod world;

pub use life::life;
use line::{Line, same_answer};
use world::World;

/// Every scenario file, by name.
pub const ALL: &[(&str, &str)] = &[
    (
        "breaker-opens",
        include_str!("../tests/scenarios/breaker-opens.txt"),
    ),
    (
        "breaker-probes",
        include_str!("../tests/scenarios/breaker-probes.txt"),
    ),
    (
        "breaker-cool-down",
        include_str!("../tests/scenarios/breaker-cool-down.txt"),
    ),
    (
        "breaker-forced",
        include_str!("../tests/scenarios/breaker-forced.txt"),
    ),
    (
        "breaker-stored",
        include_str!("../tests/scenarios/breaker-stored.txt"),
    ),
    (
        "breaker-time",
        include_str!("../tests/scenarios/breaker-time.txt"),
    ),
    ("classes", include_str!("../tests/scenarios/classes.txt")),
    ("limits", include_str!("../tests/scenarios/limits.txt")),
    ("calls", include_str!("../tests/scenarios/calls.txt")),
    ("inflight", include_str!("../tests/scenarios/inflight.txt")),
    (
        "limits-adapt",
        include_str!("../tests/scenarios/limits-adapt.txt"),
    ),
    ("priorities", include_str!("../tests/scenarios/priorities.txt")),
    ("cache", include_str!("../tests/scenarios/cache.txt")),
    ("outbox", include_str!("../tests/scenarios/outbox.txt")),
    (
        "retry-budget",
        include_str!("../tests/scenarios/retry-budget.txt"),
    ),
];

/// The digests of the first random lives, one a line.
pub const LIVES: &str = include_str!("../tests/lives.txt");

/// Where a scenario went another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The line, from 1.
    pub line: usize,
    /// What was written there.
    pub text: String,
    /// What came of it instead.
    pub actual: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}\n   but: {}", self.line, self.text, self.actual)
    }
}

/// Runs a scenario and gives the number of its steps.
///
/// # Errors
/// The first step whose answer is not the expected one, or that cannot be read.
pub fn run(text: &str) -> Result<usize, Deviation> {
    let mut world = World::default();
    let mut steps = 0;
    for (index, raw) in text.lines().enumerate() {
        let deviation = |actual: String| Deviation {
            line: index + 1,
            text: raw.trim().to_owned(),
            actual,
        };
        match line::parse(raw).map_err(deviation)? {
            Line::Blank => (),
            Line::Prepare(words) => world.prepare(&words).map_err(deviation)?,
            Line::Step { at, words, expected } => {
                let actual = world.step(at, &words).map_err(deviation)?;
                steps += 1;
                if !same_answer(&actual, &expected) {
                    return Err(deviation(actual));
                }
            }
        }
    }
    Ok(steps)
}
