//! Entries in IndexedDB, shared by the tabs of an origin.
//!
//! Three stores. `answers` holds the entries whole: reading one takes one get. `index` holds a line for each, without
//! the body: labels, size, last use; whatever is looked for is looked for there. `ledger` holds the totals and
//! the marks. Each change is one transaction over all three, so nothing is ever half changed, and its cost does not
//! depend on how much is stored.
//!
//! A structure has a database name of its own: an upgrade never waits for an old tab. What cannot be opened, or is not
//! what this version wrote, is thrown away and made anew; losing a cache costs requests.

use js_sys::Array;
use rexie::{Index, ObjectStore, Rexie};
use seawall_policy::cache::evict::{Amount, Limits};
use seawall_policy::cache::invalidate::{Target, is_like};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use web_sys::{IdbDatabase, IdbObjectStore, IdbTransaction};

use super::ledger::{self, Ledger, size_of};
use super::{amount, float, target};
use crate::database::{self, Mode, Outcome, begin, committed, done};
use crate::object::{field, set, text};

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
    connection: IdbDatabase,
    limits: Limits,
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
        let mut connection = connect(&name).await;
        let sound = match &connection {
            Ok(connection) => is_sound(connection).await,
            Err(_) => false,
        };
        if !sound {
            if let Ok(connection) = connection {
                connection.close();
            }
            database::delete(&name).await?;
            connection = connect(&name).await;
        }
        Ok(Self {
            connection: connection?,
            limits,
        })
    }

    /// The entry with that key or undefined, the count of invalidations, and how many entries and bytes there are.
    ///
    /// # Errors
    /// The database does not answer, or is damaged.
    pub async fn read(&self, key: JsValue) -> Outcome<Array> {
        let transaction = begin(&self.connection, &[ANSWERS, LEDGER], Mode::Read)?;
        let entry = done(transaction.object_store(ANSWERS)?.get(&key)).await?;
        let ledger = ledger_in(&transaction).await?;
        let Amount { entries, bytes } = ledger.kept;
        let count = ledger.marks.count();
        Ok(Array::of4(
            &entry,
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
        let transaction = begin(&self.connection, &STORES, Mode::Write)?;
        let mut ledger = ledger_in(&transaction).await?;
        if !ledger.marks.allow(since, &slots) {
            return Ok(false);
        }
        let index = transaction.object_store(INDEX)?;
        let old = done(index.get(&field(&line, "key"))).await?;
        if !old.is_undefined() {
            ledger.subtract(size_of(&old, "size"));
        }
        ledger.add(size_of(&line, "size"));
        transaction.object_store(ANSWERS)?.put(&entry)?;
        index.put(&line)?;
        self.evict(&transaction, &mut ledger).await?;
        finish(&transaction, &ledger).await?;
        Ok(true)
    }

    /// These were used just now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn touch(&self, keys: Array, now: f64) -> Outcome<()> {
        let transaction = begin(&self.connection, &[INDEX], Mode::Write)?;
        let index = transaction.object_store(INDEX)?;
        for key in keys.iter() {
            let line = done(index.get(&key)).await?;
            if !line.is_undefined() {
                set(&line, "used", &now.into());
                index.put(&line)?;
            }
        }
        committed(&transaction).await
    }

    /// Invalidates, with the kinds of [`super::Cache::forget`]; tells how many entries ended.
    ///
    /// # Errors
    /// The database does not answer, or is damaged.
    pub async fn forget(&self, kind: u8, name: String) -> Outcome<u32> {
        let Some(target) = target(kind, &name) else {
            return Ok(0);
        };
        let transaction = begin(&self.connection, &STORES, Mode::Write)?;
        let mut ledger = ledger_in(&transaction).await?;
        ledger.marks.mark(&target);
        let lines = found(&transaction.object_store(INDEX)?, &target).await?;
        let ended = remove(&transaction, &mut ledger, &lines)?;
        finish(&transaction, &ledger).await?;
        Ok(ended)
    }

    /// The index, a line for each entry.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn lines(&self) -> Outcome<Array> {
        let transaction = begin(&self.connection, &[INDEX], Mode::Read)?;
        let lines = done(transaction.object_store(INDEX)?.get_all()).await?;
        Ok(lines.into())
    }
}

impl CacheDisk {
    /// Lets the least recently used go until the rest is within the limits.
    async fn evict(&self, transaction: &IdbTransaction, ledger: &mut Ledger) -> Outcome<()> {
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
            let lines = oldest(&transaction.object_store(INDEX)?).await?;
            let mut taken = Amount::default();
            let enough = lines.iter().take_while(|line| {
                let more = taken.entries < entries || taken.bytes < bytes;
                taken.entries += 1;
                taken.bytes += size_of(line, "size");
                more
            });
            if remove(transaction, ledger, &enough.collect())? == 0 {
                return Ok(());
            }
        }
    }
}

async fn connect(name: &str) -> Outcome<IdbDatabase> {
    let index = ObjectStore::new(INDEX)
        .key_path("key")
        .add_index(Index::new("used", "used"))
        .add_index(Index::new("user", "user"))
        .add_index(Index::new("tables", "tables").multi_entry(true))
        .add_index(Index::new("tags", "tags").multi_entry(true));
    let builder = Rexie::builder(name)
        .version(VERSION)
        .add_object_store(ObjectStore::new(ANSWERS).key_path("key"))
        .add_object_store(index)
        .add_object_store(ObjectStore::new(LEDGER).key_path("id"));
    database::connect(name, builder).await
}

async fn is_sound(connection: &IdbDatabase) -> bool {
    match begin(connection, &STORES, Mode::Read) {
        Ok(transaction) => ledger_in(&transaction).await.is_ok(),
        Err(_) => false,
    }
}

async fn ledger_in(transaction: &IdbTransaction) -> Outcome<Ledger> {
    let object = done(transaction.object_store(LEDGER)?.get(&ledger::KEY.into())).await?;
    Ledger::read(&object).ok_or_else(|| "the stored ledger is damaged".into())
}

async fn finish(transaction: &IdbTransaction, ledger: &Ledger) -> Outcome<()> {
    transaction.object_store(LEDGER)?.put(&ledger.to_object())?;
    committed(transaction).await
}

async fn oldest(index: &IdbObjectStore) -> Outcome<Array> {
    let all = JsValue::UNDEFINED;
    let lines = done(index.index("used")?.get_all_with_key_and_limit(&all, BATCH)).await?;
    Ok(lines.into())
}

/// The lines of what a target means. A value stands for the range of that value alone.
async fn found(index: &IdbObjectStore, target: &Target) -> Outcome<Array> {
    let request = match target {
        Target::Key(key) => index.get_all_with_key(&key.as_str().into()),
        Target::Table(table) => index.index("tables")?.get_all_with_key(&table.as_str().into()),
        Target::Tag(tag) => index.index("tags")?.get_all_with_key(&tag.as_str().into()),
        Target::User(user) => index.index("user")?.get_all_with_key(&user.as_str().into()),
        Target::Pattern(_) | Target::Everything => index.get_all(),
    };
    let lines = Array::from(&done(request).await?);
    Ok(match target {
        Target::Pattern(pattern) => lines
            .iter()
            .filter(|line| is_like(pattern, &text(line, "path").unwrap_or_default()))
            .collect(),
        Target::Key(_) | Target::Table(_) | Target::Tag(_) | Target::User(_) | Target::Everything => lines,
    })
}

/// Ends entries. The end of the transaction tells whether it was done.
fn remove(transaction: &IdbTransaction, ledger: &mut Ledger, lines: &Array) -> Outcome<u32> {
    let (answers, index) = (
        transaction.object_store(ANSWERS)?,
        transaction.object_store(INDEX)?,
    );
    for line in lines.iter() {
        let key = field(&line, "key");
        answers.delete(&key)?;
        index.delete(&key)?;
        ledger.subtract(size_of(&line, "size"));
    }
    Ok(lines.length())
}
