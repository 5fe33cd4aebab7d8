//! Entries in IndexedDB, shared by the tabs of an origin.
//!
//! Three stores. `answers` holds the entries whole: reading one takes one get. `index` holds a line for each, without
//! the body: labels, size, last use; whatever is looked for is looked for there. `ledger` holds the totals and
//! the marks. Each change is one transaction over all three, so nothing is ever half changed, and its cost does not
//! depend on how much is stored.
//!
//! A structure has a database name of its own: an upgrade never waits for an old tab. What cannot be opened, or is not
//! what this version wrote, is thrown away and made anew; losing a cache costs requests.

use core::error::Error as _;
use core::future::{Future, ready};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use js_sys::Array;
use rexie::{Index, KeyRange, ObjectStore, Rexie, Store, Transaction, TransactionMode};
use seawall_policy::cache::evict::{Amount, Limits};
use seawall_policy::cache::invalidate::{Target, is_like};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use super::ledger::{self, Ledger, field, number, set};
use super::{amount, float, target};

const ANSWERS: &str = "answers";
const INDEX: &str = "index";
const LEDGER: &str = "ledger";
const STORES: [&str; 3] = [ANSWERS, INDEX, LEDGER];
/// The structure below; it changes only together with the database's name.
const VERSION: u32 = 1;
/// Lines looked at together when something has to go.
const BATCH: u32 = 64;

/// An open database.
#[wasm_bindgen]
#[derive(Debug)]
pub struct CacheDisk {
    database: Rexie,
    limits: Limits,
}

type Outcome<T> = Result<T, Problem>;

/// Why the disk does not work; JavaScript is told in words.
#[derive(Debug)]
pub enum Problem {
    /// The browser's database refused.
    Refused(rexie::Error),
    /// What is stored is not what this version wrote.
    Damaged,
}

impl From<rexie::Error> for Problem {
    fn from(error: rexie::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Problem> for JsValue {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(error) => error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string)
                .into(),
            Problem::Damaged => "the stored ledger is damaged".into(),
        }
    }
}

#[wasm_bindgen]
impl CacheDisk {
    /// Opens the database of that name, made anew if it is not what it should be.
    ///
    /// # Errors
    /// There is no IndexedDB, or it refuses.
    pub async fn open(name: String, entries: f64, bytes: f64) -> Outcome<Self> {
        let total = amount(entries, bytes);
        let limits = Limits {
            total,
            largest: total.bytes,
        };
        let mut database = build(&name).await;
        let sound = match &database {
            Ok(database) => is_sound(database).await,
            Err(_) => false,
        };
        if !sound {
            if let Ok(database) = database {
                database.close();
            }
            Rexie::delete(&name).await?;
            database = build(&name).await;
        }
        Ok(Self {
            database: database?,
            limits,
        })
    }

    /// The entry with that key or undefined, the count of invalidations, and how many entries and bytes there are.
    ///
    /// # Errors
    /// The database does not answer, or is damaged.
    pub async fn read(&self, key: JsValue) -> Outcome<Array> {
        let transaction = self.begin(&[ANSWERS, LEDGER], TransactionMode::ReadOnly)?;
        let entry = transaction.store(ANSWERS)?.get(key).await?;
        let ledger = ledger_in(&transaction).await?;
        let Amount { entries, bytes } = ledger.kept;
        let count = ledger.marks.count();
        Ok(Array::of4(
            &entry.unwrap_or_default(),
            &count.into(),
            &float(entries).into(),
            &float(bytes).into(),
        ))
    }

    /// Stores an entry and its line in the index, unless it was asked for before an invalidation of one of its slots;
    /// tells whether it did.
    ///
    /// # Errors
    /// The database does not answer, is damaged or full.
    pub async fn write(&self, entry: JsValue, line: JsValue, slots: Vec<u16>, since: u32) -> Outcome<bool> {
        let transaction = self.begin(&STORES, TransactionMode::ReadWrite)?;
        let mut ledger = ledger_in(&transaction).await?;
        if !ledger.marks.allow(since, &slots) {
            return Ok(false);
        }
        let index = transaction.store(INDEX)?;
        if let Some(old) = index.get(field(&line, "key")).await? {
            ledger.subtract(number(&old, "size"));
        }
        ledger.add(number(&line, "size"));
        let answers = transaction.store(ANSWERS)?;
        let first = started(put(&answers, entry));
        put(&index, line).await?;
        first.await?;
        self.evict(&transaction, &mut ledger).await?;
        finish(transaction, &ledger).await?;
        Ok(true)
    }

    /// These were used just now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn touch(&self, keys: Array, now: f64) -> Outcome<()> {
        let transaction = self.begin(&[INDEX], TransactionMode::ReadWrite)?;
        let index = transaction.store(INDEX)?;
        for key in keys.iter() {
            if let Some(line) = index.get(key).await? {
                set(&line, "used", &now.into());
                put(&index, line).await?;
            }
        }
        Ok(())
    }

    /// Invalidates, with the kinds of [`super::Cache::forget`]; tells how many entries ended.
    ///
    /// # Errors
    /// The database does not answer, or is damaged.
    pub async fn forget(&self, kind: u8, name: String) -> Outcome<u32> {
        let Some(target) = target(kind, &name) else {
            return Ok(0);
        };
        let transaction = self.begin(&STORES, TransactionMode::ReadWrite)?;
        let mut ledger = ledger_in(&transaction).await?;
        ledger.marks.mark(&target);
        let lines = found(&transaction.store(INDEX)?, &target).await?;
        let ended = remove(&transaction, &mut ledger, lines.iter()).await?;
        finish(transaction, &ledger).await?;
        Ok(ended)
    }

    /// The index, a line for each entry.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn lines(&self) -> Outcome<Array> {
        let transaction = self.begin(&[INDEX], TransactionMode::ReadOnly)?;
        let lines = transaction.store(INDEX)?.get_all(None, None).await?;
        Ok(lines.into_iter().collect())
    }
}

impl CacheDisk {
    fn begin(&self, stores: &[&str], mode: TransactionMode) -> Outcome<Transaction> {
        Ok(self.database.transaction(stores, mode)?)
    }

    /// Lets the least recently used go until the rest is within the limits.
    async fn evict(&self, transaction: &Transaction, ledger: &mut Ledger) -> Outcome<()> {
        let excess = self.limits.excess(ledger.kept);
        let before = ledger.kept;
        loop {
            let entries = excess
                .entries
                .saturating_sub(before.entries - ledger.kept.entries);
            let bytes = excess.bytes.saturating_sub(before.bytes - ledger.kept.bytes);
            if entries == 0 && bytes == 0 {
                return Ok(());
            }
            let lines = oldest(&transaction.store(INDEX)?).await?;
            let mut taken = Amount::default();
            let enough = lines.iter().take_while(|line| {
                let more = taken.entries < entries || taken.bytes < bytes;
                taken.entries += 1;
                taken.bytes += number(line, "size");
                more
            });
            if remove(transaction, ledger, enough).await? == 0 {
                return Ok(());
            }
        }
    }
}

async fn build(name: &str) -> rexie::Result<Rexie> {
    let index = ObjectStore::new(INDEX)
        .key_path("key")
        .add_index(Index::new("used", "used"))
        .add_index(Index::new("user", "user"))
        .add_index(Index::new("tables", "tables").multi_entry(true))
        .add_index(Index::new("tags", "tags").multi_entry(true));
    Rexie::builder(name)
        .version(VERSION)
        .add_object_store(ObjectStore::new(ANSWERS).key_path("key"))
        .add_object_store(index)
        .add_object_store(ObjectStore::new(LEDGER).key_path("id"))
        .build()
        .await
}

async fn is_sound(database: &Rexie) -> bool {
    match database.transaction(&STORES, TransactionMode::ReadOnly) {
        Ok(transaction) => ledger_in(&transaction).await.is_ok(),
        Err(_) => false,
    }
}

async fn ledger_in(transaction: &Transaction) -> Outcome<Ledger> {
    let object = transaction.store(LEDGER)?.get(ledger::KEY.into()).await?;
    Ledger::read(&object.unwrap_or_default()).ok_or(Problem::Damaged)
}

async fn finish(transaction: Transaction, ledger: &Ledger) -> Outcome<()> {
    put(&transaction.store(LEDGER)?, ledger.to_object()).await?;
    transaction.done().await?;
    Ok(())
}

async fn put(store: &Store, object: JsValue) -> rexie::Result<()> {
    store.put(&object, None).await.map(|_| ())
}

async fn oldest(index: &Store) -> rexie::Result<Vec<JsValue>> {
    index.index("used")?.get_all(None, Some(BATCH)).await
}

/// The lines of what a target means.
async fn found(index: &Store, target: &Target) -> Outcome<Vec<JsValue>> {
    let (name, value) = match target {
        Target::Key(key) => ("", key),
        Target::Table(table) => ("tables", table),
        Target::Tag(tag) => ("tags", tag),
        Target::User(user) => ("user", user),
        Target::Pattern(pattern) => {
            let lines = index.get_all(None, None).await?;
            let path = |line: &JsValue| field(line, "path").as_string().unwrap_or_default();
            return Ok(lines
                .into_iter()
                .filter(|line| is_like(pattern, &path(line)))
                .collect());
        }
        Target::Everything => return Ok(index.get_all(None, None).await?),
    };
    let range = KeyRange::only(&value.as_str().into()).ok();
    if name.is_empty() {
        Ok(index.get_all(range, None).await?)
    } else {
        Ok(index.index(name)?.get_all(range, None).await?)
    }
}

/// Ends entries. Every request is made before any is waited for.
async fn remove(
    transaction: &Transaction,
    ledger: &mut Ledger,
    lines: impl Iterator<Item = &JsValue>,
) -> Outcome<u32> {
    let (answers, index) = (transaction.store(ANSWERS)?, transaction.store(INDEX)?);
    let mut requests = Vec::new();
    let mut ended = 0;
    for line in lines {
        let key = field(line, "key");
        requests.push(started(answers.delete(key.clone())));
        requests.push(started(index.delete(key)));
        ledger.subtract(number(line, "size"));
        ended += 1;
    }
    for request in requests {
        request.await?;
    }
    Ok(ended)
}

type Request<'a> = Pin<Box<dyn Future<Output = rexie::Result<()>> + 'a>>;

/// A request that is made now: a future alone does nothing until somebody waits for it.
fn started<'a>(request: impl Future<Output = rexie::Result<()>> + 'a) -> Request<'a> {
    let mut request: Request<'a> = Box::pin(request);
    match request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => request,
        Poll::Ready(outcome) => Box::pin(ready(outcome)),
    }
}
