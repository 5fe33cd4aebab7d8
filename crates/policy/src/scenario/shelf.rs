//! A cache as a scenario sees it: answers by their key, the marks, and what is being asked for.

use super::line::span;
use crate::cache::admit::{Reply, judge};
use crate::cache::depend::Relations;
use crate::cache::freshness::{Age, Directives, Lifetimes};
use crate::cache::invalidate::{Marks, Target, is_like, slots_of};
use crate::cache::key::{Identity, canonical, split};
use crate::cache::lookup::{Mode, Plan, Situation, plan, rescues};
use crate::class::{Category, Service};
use crate::time::{MonoTime, UnixTime};

#[derive(Default)]
pub(super) struct Shelf {
    lifetimes: Lifetimes,
    relations: Relations,
    kept: Vec<Kept>,
    marks: Marks,
    asked: Vec<(String, Question)>,
}

struct Kept {
    question: Question,
    stored: UnixTime,
    control: String,
}

struct Question {
    key: String,
    path: String,
    since: u32,
    slots: Vec<u16>,
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
        let tables = self.relations.tables_read(path, query);
        let key = key(user, url);
        let question = Question {
            path: url.to_owned(),
            since: self.marks.count(),
            slots: slots_of(&key, user, &tables, &[]),
            key,
        };
        self.asked.push((name.to_owned(), question));
        tables.join(" ")
    }

    fn answer(&mut self, now: UnixTime, name: &str, status: &str, control: &str) -> Option<String> {
        let index = self.asked.iter().position(|(known, _)| known == name)?;
        let (_, question) = self.asked.swap_remove(index);
        let (status, code) = status
            .split_once('/')
            .map_or((status, None), |(s, c)| (s, Some(c)));
        let directives = Directives::parse(control);
        let held = self.kept.iter().any(|kept| kept.question.key == question.key);
        let words = match judge(Service::Rest, status.parse().ok()?, code, &directives, "", held) {
            Reply::Keep | Reply::Renew => self.keep(now, question, control),
            Reply::Discard => {
                self.kept.retain(|kept| kept.question.key != question.key);
                "discarded"
            }
            Reply::Pass => "passed",
            Reply::Failed(category) => return Some(format!("failed {}", category.name())),
        };
        Some(words.to_owned())
    }

    fn keep(&mut self, now: UnixTime, question: Question, control: &str) -> &'static str {
        if !self.marks.allow(question.since, &question.slots) {
            return "outdated";
        }
        self.kept.retain(|kept| kept.question.key != question.key);
        self.kept.push(Kept {
            question,
            stored: now,
            control: control.to_owned(),
        });
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
        let before = self.kept.len();
        if let Target::Pattern(pattern) = target {
            self.kept.retain(|kept| !is_like(pattern, &kept.question.path));
        } else {
            self.marks.mark(target);
            let marks = &self.marks;
            self.kept
                .retain(|kept| marks.allow(kept.question.since, &kept.question.slots));
        }
        before - self.kept.len()
    }

    fn age(&self, now: UnixTime, user: &str, url: &str) -> Age {
        let key = key(user, url);
        let found = self.kept.iter().find(|kept| kept.question.key == key);
        found.map_or(Age::Gone, |kept| {
            let directives = Directives::parse(&kept.control);
            self.lifetimes.within(&directives).judge(kept.stored, now)
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
