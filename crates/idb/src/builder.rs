//! A database's structure, and how one that is there becomes it.

use js_sys::Function;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{Closure, JsValue};
use web_sys::{
    IdbDatabase, IdbIndexParameters, IdbObjectStore, IdbObjectStoreParameters, IdbOpenDbRequest,
    IdbTransaction,
};

use crate::factory::{Database, Factory, names};
use crate::{Error, KeyPath};

/// A database.
#[derive(Debug)]
pub struct DatabaseBuilder {
    name: String,
    version: Option<u32>,
    stores: Vec<ObjectStoreBuilder>,
}

/// A store.
#[derive(Debug)]
pub struct ObjectStoreBuilder {
    name: String,
    key_path: Option<KeyPath>,
    auto_increment: bool,
    indexes: Vec<IndexBuilder>,
}

/// A store's index.
#[derive(Debug)]
pub struct IndexBuilder {
    name: String,
    key_path: KeyPath,
    unique: bool,
    multi_entry: bool,
}

impl DatabaseBuilder {
    /// A database without stores.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: None,
            stores: Vec::new(),
        }
    }

    /// The structure's version.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    /// A store more.
    #[must_use]
    pub fn add_object_store(mut self, store: ObjectStoreBuilder) -> Self {
        self.stores.push(store);
        self
    }

    /// Opens the database, and gives it this structure if it is new or older.
    ///
    /// # Errors
    /// There is no IndexedDB, it refuses, or the database is of a newer version.
    pub async fn build(self) -> Result<Database, Error> {
        let request = Factory::new()?.open(&self.name, self.version)?;
        let upgrading = request.clone();
        let upgrade = Closure::once_into_js(move || {
            // The request fails with its transaction.
            if self.upgrade(&upgrading).is_err()
                && let Some(transaction) = upgrading.transaction()
            {
                let _ = transaction.abort();
            }
        });
        request.set_onupgradeneeded(Some(upgrade.unchecked_ref::<Function>()));
        Database::of(request.into()).await
    }

    fn upgrade(&self, request: &IdbOpenDbRequest) -> Result<(), JsValue> {
        let database: IdbDatabase = request.result()?.unchecked_into();
        let Some(transaction) = request.transaction() else {
            return Ok(());
        };
        let known = names(&database.object_store_names());
        for store in &self.stores {
            store.upgrade(&database, &transaction, known.contains(&store.name))?;
        }
        for name in known {
            if self.stores.iter().all(|store| store.name != name) {
                database.delete_object_store(&name)?;
            }
        }
        Ok(())
    }
}

impl ObjectStoreBuilder {
    /// A store whose keys are apart from its values.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key_path: None,
            auto_increment: false,
            indexes: Vec::new(),
        }
    }

    /// Where in a value its key is.
    #[must_use]
    pub fn key_path(mut self, key_path: Option<KeyPath>) -> Self {
        self.key_path = key_path;
        self
    }

    /// Whether a key that is missing is made.
    #[must_use]
    pub fn auto_increment(mut self, auto_increment: bool) -> Self {
        self.auto_increment = auto_increment;
        self
    }

    /// An index more.
    #[must_use]
    pub fn add_index(mut self, index: IndexBuilder) -> Self {
        self.indexes.push(index);
        self
    }

    /// What is in the store stays; how its keys are found cannot change.
    fn upgrade(
        &self,
        database: &IdbDatabase,
        transaction: &IdbTransaction,
        is_known: bool,
    ) -> Result<(), JsValue> {
        let store = if is_known {
            transaction.object_store(&self.name)?
        } else {
            self.make(database)?
        };
        for name in names(&store.index_names()) {
            store.delete_index(&name)?;
        }
        self.indexes.iter().try_for_each(|index| index.make(&store))
    }

    fn make(&self, database: &IdbDatabase) -> Result<IdbObjectStore, JsValue> {
        let options = IdbObjectStoreParameters::new();
        options.set_auto_increment(self.auto_increment);
        if let Some(path) = &self.key_path {
            options.set_key_path(&path.to_js());
        }
        database.create_object_store_with_optional_parameters(&self.name, &options)
    }
}

impl IndexBuilder {
    /// An index over what is there.
    #[must_use]
    pub fn new(name: String, key_path: KeyPath) -> Self {
        Self {
            name,
            key_path,
            unique: false,
            multi_entry: false,
        }
    }

    /// Whether no two values may have the same key.
    #[must_use]
    pub fn unique(mut self, unique: bool) -> Self {
        self.unique = unique;
        self
    }

    /// Whether each item of a list is a key.
    #[must_use]
    pub fn multi_entry(mut self, multi_entry: bool) -> Self {
        self.multi_entry = multi_entry;
        self
    }

    fn make(&self, store: &IdbObjectStore) -> Result<(), JsValue> {
        let options = IdbIndexParameters::new();
        options.set_unique(self.unique);
        options.set_multi_entry(self.multi_entry);
        let made = store.create_index_with_str_sequence_and_optional_parameters(
            &self.name,
            &self.key_path.to_js(),
            &options,
        );
        made.map(drop)
    }
}
