//! What is thrown away, by whom: own writes, administrators, other instances, the database itself.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use seawall_pgrest::ident::Qualified;
use seawall_policy::cache::depend::{Relations, resource};
use seawall_policy::cache::invalidate::Target;
use serde::Deserialize;

use super::Cache;
use super::graph::Graph;
use super::once::Transaction;
use super::rows::{Report, RowsWritten};
use super::touched::Touched;
use crate::bus::{Bus, Message};
use crate::config::CacheConfig;

/// Ends every answer that may depend on any table.
pub(super) const ANY_WRITE: &str = "any write";
/// A notification of PostgreSQL carries 8,000 bytes, the signature and the rest included.
const MOST_BYTES: usize = 4_000;

/// A notification of the triggers of `seawall.watch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Notice {
    /// Who notified, as the database says it.
    pub(crate) process: i32,
    pub(crate) payload: String,
}

/// What is thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All that depends on something.
    All(Target),
    /// Of what depends on a table, that which depends on certain rows, or on any.
    Rows(RowsWritten),
}

impl Ending {
    /// The slots to be marked.
    pub(super) fn slots(&self) -> Vec<u16> {
        match self {
            Self::All(target) => vec![target.slot()],
            Self::Rows(rows) => rows.slots().collect(),
        }
    }
}

impl Notice {
    /// Which transaction wrote what. The third line's end is followed by the transaction, since migration 0010.
    fn read(&self) -> (Option<Transaction>, Report) {
        let end = self.payload.match_indices('\n').nth(2);
        match end.and_then(|(place, _)| self.payload.split_at_checked(place)) {
            Some((report, transaction)) => (
                Transaction::of_process(self.process, transaction.trim_start_matches('\n')),
                Report::read(report),
            ),
            None => (None, Report::read(&self.payload)),
        }
    }
}

impl From<Report> for Ending {
    fn from(report: Report) -> Self {
        match report {
            Report::Table(table) => Self::All(Target::Table(table)),
            Report::Rows(rows) => Self::Rows(rows),
        }
    }
}

/// What an administrator wants thrown away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Invalidation {
    /// Tables, as `table` or `schema.table`.
    pub(crate) tables: Vec<String>,
    /// Tags that answers were given by a header `Cache-Tag`.
    pub(crate) tags: Vec<String>,
    /// Paths with their query, for all callers.
    pub(crate) keys: Vec<String>,
    /// Paths with their query, with `*` for anything.
    pub(crate) patterns: Vec<String>,
    /// Subjects of tokens.
    pub(crate) users: Vec<String>,
    /// Everything.
    pub(crate) everything: bool,
}

impl Cache {
    /// What an administrator's words mean.
    pub(crate) fn targets(&self, wanted: Invalidation) -> Vec<Ending> {
        let mut targets: Vec<Target> = Vec::new();
        if wanted.everything {
            targets.push(Target::Everything);
        }
        targets.extend(
            wanted
                .tables
                .iter()
                .map(|name| Target::Table(self.whole_name(name))),
        );
        targets.extend(wanted.tags.into_iter().map(Target::Tag));
        targets.extend(wanted.keys.into_iter().map(Target::Key));
        targets.extend(wanted.patterns.into_iter().map(Target::Pattern));
        targets.extend(wanted.users.into_iter().map(Target::User));
        if targets.iter().any(|target| matches!(target, Target::Table(_))) {
            targets.push(any_write());
        }
        targets.into_iter().map(Ending::All).collect()
    }

    /// What a write changed.
    pub(crate) fn written(&self, touched: &Touched) -> Vec<Ending> {
        if touched.writes_anything {
            return vec![Ending::All(Target::Everything)];
        }
        let tables = touched.written.iter().cloned().map(Target::Table);
        let rows = touched.rows_written.iter().cloned().map(Ending::Rows);
        with_any_write(tables.map(Ending::All).chain(rows).collect())
    }

    /// What a write may have changed of which only the request is known.
    pub(crate) fn may_have_written(
        &self,
        graph: Option<&Graph>,
        headers: &HeaderMap,
        endpoint: &str,
    ) -> Touched {
        let name = resource(endpoint);
        let Some(graph) = graph else {
            let written = self.relations.tables_written(endpoint);
            return Touched {
                written: written.iter().map(|name| self.whole_name(name)).collect(),
                ..Touched::default()
            };
        };
        let profile = headers
            .get("content-profile")
            .and_then(|value| value.to_str().ok());
        let schema = profile.unwrap_or(&self.schema);
        match name.strip_prefix("rpc/") {
            Some(function) => Touched::by_name(&Qualified::new(schema, function), true, graph),
            None => Touched::by_name(&Qualified::new(schema, name.as_str()), false, graph),
        }
    }

    /// The tables an answer depends on of which only the request is known, and whether all were declared public.
    ///
    /// Where the upstream's database can be looked into, what is behind them counts too.
    pub(crate) fn may_have_read(&self, graph: Option<&Graph>, endpoint: &str, query: &str) -> Touched {
        let names = self.relations.tables_read(endpoint, query);
        let mut touched = Touched {
            public: names.iter().all(|name| self.config.is_public(name)),
            read: names.iter().map(|name| self.whole_name(name)).collect(),
            keep: true,
            ..Touched::default()
        };
        let named = names
            .iter()
            .map(|name| Qualified::new(self.schema.as_str(), name.as_str()));
        for (graph, name) in graph
            .into_iter()
            .flat_map(|graph| named.clone().map(move |name| (graph, name)))
        {
            if graph.knows(&name) {
                touched.reads(&graph.read(&name));
            }
        }
        touched
    }

    /// Throws away on every instance, what the transaction has not ended yet. When this returns, no later read here or
    /// through Redis gives what was kept before; in the memory of other instances it may be given until they have
    /// heard. To be driven to its end, once begun.
    pub(crate) async fn invalidate(
        &self,
        targets: &[Ending],
        by: Option<&Transaction>,
        bus: &Bus,
        now_ms: u64,
    ) {
        if targets.is_empty() {
            return;
        }
        let shared = match &self.shared {
            Some(shared) => shared.invalidate(&[(by, targets)]).await.is_ok(),
            None => true,
        };
        self.mark(by, targets);
        bus.publish(
            Message::CacheInvalidated {
                targets: to_words(targets),
                shared,
                transaction: by.map(|transaction| transaction.name().to_owned()),
            },
            now_ms,
        );
    }

    /// Throws away in this instance's memory, when Redis knows.
    fn mark(&self, by: Option<&Transaction>, targets: &[Ending]) {
        if self.stamps.mark_once(by, targets) {
            self.counts.invalidations.fetch_add(1, Ordering::Relaxed);
            self.metrics.cache_invalidated();
        } else {
            self.counts.echoes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something may have been missed: what is kept is given only where there is nothing else.
    pub(super) fn suspect(&self) {
        self.stamps.gap();
    }

    /// What another instance, or this one, said.
    pub(super) fn hear(&self, words: &[String], shared: bool, by: Option<&str>, graph: Option<&Graph>) {
        if !shared {
            self.owe();
        }
        let targets: Vec<Ending> = words.iter().filter_map(|word| from_word(word, graph)).collect();
        if targets.len() == words.len() {
            self.mark(by.and_then(Transaction::read).as_ref(), &targets);
        } else {
            // A newer instance speaks of what this one does not know.
            self.mark(None, &[Ending::All(Target::Everything)]);
        }
    }

    /// Redis may hold what is no longer true.
    pub(super) fn owe(&self) {
        if let Some(shared) = &self.shared {
            shared.owe();
        }
    }

    /// Tables were written to, the database itself says. Throws away here and in Redis what is not known to be ended
    /// already; the other instances were told too.
    pub(crate) async fn notified(&self, notices: &[Notice], graph: Option<&Graph>) {
        let mut written: BTreeMap<Option<Transaction>, Vec<Ending>> = BTreeMap::new();
        for notice in notices.iter().filter(|notice| !notice.payload.is_empty()) {
            let (transaction, report) = notice.read();
            let ending = match report.known_to(graph) {
                Report::Table(table) => Report::Table(self.whole_name(&table)).into(),
                rows @ Report::Rows(_) => rows.into(),
            };
            written.entry(transaction).or_default().push(ending);
        }
        let mut news = Vec::new();
        for (transaction, endings) in written {
            let endings = with_any_write(endings);
            if self.stamps.is_echo(transaction.as_ref(), &endings) {
                self.counts.echoes.fetch_add(1, Ordering::Relaxed);
            } else {
                news.push((transaction, endings));
            }
        }
        if news.is_empty() {
            return;
        }
        if let Some(shared) = &self.shared {
            let news = news.iter();
            let news: Vec<_> = news
                .map(|(by, endings)| (by.as_ref(), endings.as_slice()))
                .collect();
            // What could not be told is owed.
            let _owed = shared.invalidate(&news).await;
        }
        for (by, endings) in &news {
            self.mark(by.as_ref(), endings);
        }
    }

    /// The database's notifications were interrupted.
    pub(crate) fn missed_notifications(&self) {
        self.stamps.forget_transactions();
        self.suspect();
        // Before it heard for the first time this instance had promised nothing to the others.
        if self.has_listened.swap(true, Ordering::SeqCst) {
            self.owe();
        }
    }
}

/// What the configuration tells of the database, for requests whose plan is not known.
pub(super) fn declared(config: &CacheConfig) -> Relations {
    let mut relations = Relations::default();
    for (name, tables) in &config.reads {
        tables.iter().for_each(|table| relations.reads(name, table));
    }
    for (name, tables) in &config.writes {
        tables.iter().for_each(|table| relations.writes(name, table));
    }
    relations
}

fn any_write() -> Target {
    Target::Tag(ANY_WRITE.to_owned())
}

/// What is written also ends what may depend on any table.
fn with_any_write(mut endings: Vec<Ending>) -> Vec<Ending> {
    if !endings.is_empty() {
        endings.push(Ending::All(any_write()));
    }
    endings
}

/// As words that travel; of too many rows the whole table, and too many become everything.
fn to_words(targets: &[Ending]) -> Vec<String> {
    let length = |words: &[String]| words.iter().map(|word| word.len() + 4).sum::<usize>();
    let words: Vec<String> = targets.iter().map(to_word).collect();
    if length(&words) <= MOST_BYTES {
        return words;
    }
    let whole = targets.iter().map(|target| match target {
        Ending::Rows(rows) => of_target(&Target::Table(rows.table.clone())),
        Ending::All(target) => of_target(target),
    });
    let words: Vec<String> = whole.collect();
    if length(&words) <= MOST_BYTES {
        return words;
    }
    vec![of_target(&Target::Everything)]
}

/// An instance of an earlier version does not know of rows, and takes them for everything.
fn to_word(ending: &Ending) -> String {
    match ending {
        Ending::All(target) => of_target(target),
        Ending::Rows(rows) => format!("r:{}", rows.to_text()),
    }
}

fn of_target(target: &Target) -> String {
    match target {
        Target::Key(name) => format!("k:{name}"),
        Target::Table(name) => format!("t:{name}"),
        Target::Tag(name) => format!("g:{name}"),
        Target::Pattern(pattern) => format!("p:{pattern}"),
        Target::User(name) => format!("u:{name}"),
        Target::Everything => "*".to_owned(),
    }
}

fn from_word(word: &str, graph: Option<&Graph>) -> Option<Ending> {
    if word == "*" {
        return Some(Ending::All(Target::Everything));
    }
    let (kind, name) = word.split_once(':')?;
    if kind == "r" {
        return Some(Report::read(name).known_to(graph).into());
    }
    let name = name.to_owned();
    let target = match kind {
        "k" => Target::Key(name),
        "t" => Target::Table(name),
        "g" => Target::Tag(name),
        "p" => Target::Pattern(name),
        "u" => Target::User(name),
        _ => return None,
    };
    Some(Ending::All(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(amount: u16) -> Ending {
        Ending::Rows(RowsWritten {
            table: "public.rooms".to_owned(),
            columns: vec![1, 2],
            buckets: (0..amount).map(|bucket| (1, bucket)).collect(),
        })
    }

    #[test]
    fn targets_travel_as_words() {
        let targets = [
            Target::Key("/rest/v1/rooms?a=eq.1:2".to_owned()),
            Target::Table("public.rooms".to_owned()),
            Target::Tag("a:b".to_owned()),
            Target::Pattern("*".to_owned()),
            Target::User("u".to_owned()),
            Target::Everything,
        ];
        let mut targets: Vec<Ending> = targets.into_iter().map(Ending::All).collect();
        targets.push(rows(3));
        let back: Vec<Ending> = to_words(&targets)
            .iter()
            .filter_map(|word| from_word(word, None))
            .collect();
        assert_eq!(back, targets);
        assert_eq!(from_word("x:y", None), None);
    }

    #[test]
    fn a_notice_tells_of_which_transaction_it_is_where_it_knows() {
        let read = |payload: &str| {
            let payload = payload.to_owned();
            Notice { process: 41, payload }.read()
        };
        let Ending::Rows(of_rows) = rows(2) else {
            return;
        };
        let text = of_rows.to_text();
        let name = Transaction::read("41.7@1764325000.5");
        assert_eq!(read(&text), (None, Report::Rows(of_rows.clone())));
        assert_eq!(
            read(&format!("{text}\n7@1764325000.5")),
            (name.clone(), Report::Rows(of_rows))
        );
        let table = Report::Table("public.rooms".to_owned());
        assert_eq!(read("public.rooms"), (None, table.clone()));
        assert_eq!(read("public.rooms\n\n\n7@1764325000.5"), (name, table.clone()));
        assert_eq!(read("public.rooms\n\n\nanything"), (None, table));
    }

    #[test]
    fn too_many_words_mean_everything_and_too_many_rows_the_table() {
        let many: Vec<Ending> = (0..1_000)
            .map(|number| Ending::All(Target::Table(format!("public.t{number}"))))
            .collect();
        assert_eq!(to_words(&many), ["*"]);
        assert_eq!(to_words(&[rows(2_000)]), ["t:public.rooms"]);
    }
}
