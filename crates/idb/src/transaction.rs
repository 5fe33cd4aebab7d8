//! What rexie would do within a transaction: nothing, for none begins.
//!
//! Nothing of these types can exist, so whatever they would be asked needs no code.

use core::convert::Infallible;
use core::future::{IntoFuture, Ready};

use wasm_bindgen::JsValue;

use crate::{Error, KeyPath, Query};

/// What a request would give.
pub type Answer<T> = Ready<Result<T, Error>>;
type Asked<T> = Result<Answer<T>, Error>;

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionMode {
    /// Read.
    ReadOnly,
    /// Read and write.
    ReadWrite,
    /// Change the structure.
    VersionChange,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionResult {
    /// It is done.
    Committed,
    /// It is undone.
    Aborted,
}

/// Which way a cursor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorDirection {
    /// Upwards.
    Next,
    /// Upwards, each key once.
    NextUnique,
    /// Downwards.
    Prev,
    /// Downwards, each key once.
    PrevUnique,
}

/// A transaction.
#[derive(Clone, Copy, Debug)]
pub struct Transaction(Infallible);

/// A store in a transaction.
#[derive(Clone, Copy, Debug)]
pub struct ObjectStore(Infallible);

/// A store's index.
#[derive(Clone, Copy, Debug)]
pub struct Index(Infallible);

/// A cursor.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(Infallible);

/// A cursor that is moved by hand.
#[derive(Clone, Copy, Debug)]
pub struct ManagedCursor(Infallible);

impl TransactionResult {
    /// Whether it is done.
    #[must_use]
    pub const fn is_committed(self) -> bool {
        matches!(self, Self::Committed)
    }

    /// Whether it is undone.
    #[must_use]
    pub const fn is_aborted(self) -> bool {
        matches!(self, Self::Aborted)
    }
}

/// Methods of what cannot exist.
macro_rules! never {
    ($type:ty { $($name:ident($($given:ident: $of:ty),*) -> $result:ty;)* }) => {
        impl $type {
            $(
                #[doc = "Is never called."]
                pub fn $name(&self, $($given: $of),*) -> $result {
                    $(let _ = $given;)*
                    match self.0 {}
                }
            )*
        }
    };
}

never!(Transaction {
    mode() -> Result<TransactionMode, Error>;
    store_names() -> Vec<String>;
    object_store(name: &str) -> Result<ObjectStore, Error>;
    abort() -> Asked<TransactionResult>;
    commit() -> Asked<TransactionResult>;
});

never!(ObjectStore {
    name() -> String;
    auto_increment() -> bool;
    key_path() -> Result<Option<KeyPath>, Error>;
    index_names() -> Vec<String>;
    index(name: &str) -> Result<Index, Error>;
    get(query: impl Into<Query>) -> Asked<Option<JsValue>>;
    get_key(query: impl Into<Query>) -> Asked<Option<JsValue>>;
    get_all(query: Option<Query>, limit: Option<u32>) -> Asked<Vec<JsValue>>;
    get_all_keys(query: Option<Query>, limit: Option<u32>) -> Asked<Vec<JsValue>>;
    open_cursor(query: Option<Query>, direction: Option<CursorDirection>) -> Asked<Option<Cursor>>;
    add(value: &JsValue, key: Option<&JsValue>) -> Asked<JsValue>;
    put(value: &JsValue, key: Option<&JsValue>) -> Asked<JsValue>;
    delete(query: impl Into<Query>) -> Asked<()>;
    count(query: Option<Query>) -> Asked<u32>;
    clear() -> Asked<()>;
});

never!(Index {
    name() -> String;
    unique() -> bool;
    multi_entry() -> bool;
    get(query: impl Into<Query>) -> Asked<Option<JsValue>>;
    get_all(query: Option<Query>, limit: Option<u32>) -> Asked<Vec<JsValue>>;
    get_all_keys(query: Option<Query>, limit: Option<u32>) -> Asked<Vec<JsValue>>;
    open_cursor(query: Option<Query>, direction: Option<CursorDirection>) -> Asked<Option<Cursor>>;
    count(query: Option<Query>) -> Asked<u32>;
});

never!(Cursor {
    into_managed() -> ManagedCursor;
});

never!(ManagedCursor {
    key() -> Result<Option<JsValue>, Error>;
    value() -> Result<Option<JsValue>, Error>;
    advance(count: u32) -> Answer<()>;
    next(key: Option<&JsValue>) -> Answer<()>;
});

impl IntoFuture for Transaction {
    type Output = Result<TransactionResult, Error>;
    type IntoFuture = Answer<TransactionResult>;

    fn into_future(self) -> Self::IntoFuture {
        match self.0 {}
    }
}
