//! Stands in for `idb` 0.6 where the crate `rexie` asks for it: databases are made, upgraded and deleted, and no
//! transaction ever begins.
//!
//! The page has transactions of its own (`pkg/src/database.ts`). What is left needs neither hash tables nor a channel for
//! each kind of request, which were two thirds of what opening a database cost. `Cargo.toml` puts this crate in the
//! place of the registry's.

pub mod builder;
mod error;
mod factory;
mod key;
mod transaction;

pub use error::Error;
pub use factory::{Database, Factory};
pub use key::{KeyPath, KeyRange, Query};
pub use transaction::{
    Answer, Cursor, CursorDirection, Index, ManagedCursor, ObjectStore, Transaction, TransactionMode,
    TransactionResult,
};
