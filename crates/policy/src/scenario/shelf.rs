//! A cache as a scenario sees it: answers by their key, the marks, and what is being asked for.

use super::line::span;
use crate::cache::admit::{Reply, judge};
use crate::cache::depend::Relations;
use crate::cache::evict::{Amount, Limits, Lru, OwnedLabels};
use crate::cache::freshness::{Age, Directives, Lifetimes};
use crate::cache::invalidate::{Marks, Target};
use crate::cache::key::{Identity, canonical, split};
use crate::cache::lookup::{Mode, Plan, Situation, plan, rescues};
use crate::class::{Category, Service};
use crate::time::{MonoTime, UnixTime};

const LIMITS: Limits = Limits {
    total: Amount {
        entries: 100,
        bytes: 1_000_000,
    },
    largest: 100_000,
};

pub(super) struct Shelf {
    lifetimes: Lifetimes,
    relations: Relations,
    kept: Lru<Kept>,
    marks: Marks,
    asked: Vec<(String, Question)>,
}

struct Kept {
    stored: UnixTime,
    control: String,
}

struct Question {
    key: String,
    since: u32,
    labels: OwnedLabels,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            lifetimes: Lifetimes::default(),
            relations: Relations::default(),
            kept: Lru::new(LIMITS),
            marks: Marks::default(),
            asked: Vec::new(),
        }
    }
}

impl Shelf {
    pub(super) fn step(&mut self, now: MonoTime, words: &[&str]) -> Option<String> {
        let now = UnixTime::from_millis(1_700_000_000_000 + now.as_nanos() / 1_000_000);
        match words {
            ["lifetimes", fresh, stale, kept] => {
                self.lifetimes = Lifetimes {
                    fresh: span(fresh)?,
                    stale: span(stale)?,
                    kept: span(kept)?,
                };
                Some("ok".to_owned())
            }
            ["relate", "reads", name, table] => Some(self.relate(|all| all.reads(name, table))),
            ["relate", "writes", name, table] => Some(self.relate(|all| all.writes(name, table))),
            ["read", user, url, world @ ..] => self.read(now, user, url, world),
            ["ask", name, user, url] => Some(self.ask(name, user, url)),
            ["answer", name, status, control @ ..] => self.answer(now, name, status, &control.join(" ")),
            ["breaks", user, url, category] => self.breaks(now, user, url, category),
            ["write", path] => Some(self.write(path)),
            ["forget", kind, name] => Some(self.forget(kind, name)?),
            _ => None,
        }
    }

    fn relate(&mut self, add: impl FnOnce(&mut Relations)) -> String {
        add(&mut self.relations);
        "ok".to_owned()
    }

    fn read(&mut self, now: UnixTime, user: &str, url: &str, world: &[&str]) -> Option<String> {
        let mut situation = Situation {
            mode: Mode::Default,
            online: true,
            troubled: false,
        };
        for word in world {
            match *word {
                "offline" => situation.online = false,
                "troubled" => situation.troubled = true,
                "no-store" => situation.mode = Mode::NoStore,
                "reload" => situation.mode = Mode::Reload,
                "only-if-cached" => situation.mode = Mode::OnlyIfCached,
                _ => return None,
            }
        }
        let words = match plan(self.age(now, user, url), &situation) {
            Plan::ServeFresh => "fresh",
            Plan::ServeStale => "stale",
            Plan::ServeStaleAndRevalidate => "stale revalidate",
            Plan::Fetch => "fetch",
            Plan::FetchBriefly => "fetch briefly",
            Plan::Refuse => "refuse",
        };
        Some(words.to_owned())
    }

    fn ask(&mut self, name: &str, user: &str, url: &str) -> String {
        let (path, query) = split(url);
        let labels = OwnedLabels {
            user: user.to_owned(),
            path: url.to_owned(),
            tables: self.relations.tables_read(path, query),
            tags: Vec::new(),
        };
        let tables = labels.tables.join(" ");
        let question = Question {
            key: key(user, url),
            since: self.marks.count(),
            labels,
        };
        self.asked.push((name.to_owned(), question));
        tables
    }

    fn answer(&mut self, now: UnixTime, name: &str, status: &str, control: &str) -> Option<String> {
        let index = self.asked.iter().position(|(known, _)| known == name)?;
        let (_, question) = self.asked.swap_remove(index);
        let (status, code) = status
            .split_once('/')
            .map_or((status, None), |(s, c)| (s, Some(c)));
        let directives = Directives::parse(control);
        let held = self.kept.get(&question.key).is_some();
        let words = match judge(Service::Rest, status.parse().ok()?, code, &directives, "", held) {
            Reply::Keep | Reply::Renew => self.keep(now, question, control),
            Reply::Discard => {
                self.kept.remove(&question.key);
                "discarded"
            }
            Reply::Pass => "passed",
            Reply::Failed(category) => return Some(format!("failed {}", category.name())),
        };
        Some(words.to_owned())
    }

    fn keep(&mut self, now: UnixTime, question: Question, control: &str) -> &'static str {
        let Question { key, since, labels } = question;
        if !self.marks.allow(since, &labels.with_key(&key)) {
            return "outdated";
        }
        let kept = Kept {
            stored: now,
            control: control.to_owned(),
        };
        self.kept.put(key, kept, 100, labels);
        "kept"
    }

    fn breaks(&mut self, now: UnixTime, user: &str, url: &str, category: &str) -> Option<String> {
        let category = Category::from_name(category)?;
        let rescued = rescues(self.age(now, user, url), Mode::Default, category);
        Some(if rescued { "stale" } else { "fails" }.to_owned())
    }

    fn write(&mut self, path: &str) -> String {
        let tables = self.relations.tables_written(path);
        let ended: usize = tables
            .into_iter()
            .map(|table| self.invalidate(&Target::Table(table)))
            .sum();
        format!("{ended} ended")
    }

    fn forget(&mut self, kind: &str, name: &str) -> Option<String> {
        let name = name.to_owned();
        let target = match kind {
            "table" => Target::Table(name),
            "tag" => Target::Tag(name),
            "pattern" => Target::Pattern(name),
            "user" => Target::User(name),
            "everything" => Target::Everything,
            _ => return None,
        };
        Some(format!("{} ended", self.invalidate(&target)))
    }

    fn invalidate(&mut self, target: &Target) -> usize {
        self.marks.mark(target);
        self.kept.invalidate(target)
    }

    fn age(&mut self, now: UnixTime, user: &str, url: &str) -> Age {
        let lifetimes = self.lifetimes;
        self.kept.get(&key(user, url)).map_or(Age::Gone, |kept| {
            lifetimes
                .within(&Directives::parse(&kept.control))
                .judge(kept.stored, now)
        })
    }
}

fn key(user: &str, url: &str) -> String {
    let identity = Identity {
        subject: user,
        ..Identity::default()
    };
    canonical("GET", url, true, core::iter::empty(), &identity)
}
