//! The one record that says how much is stored, and what was invalidated: read and written within each change, so that
//! several tabs agree and no change looks at more than itself.

use js_sys::Uint32Array;
use seawall_policy::cache::evict::Amount;
use seawall_policy::cache::invalidate::Marks;
use wasm_bindgen::{JsCast as _, JsValue};

use super::{float, whole};
use crate::object::{field, number, object};

/// Its key in its store.
pub(super) const KEY: f64 = 0.0;

/// The record.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) kept: Amount,
    pub(super) marks: Marks,
}

impl Ledger {
    /// Reads the record; nothing where it is damaged, and with it the database.
    pub(super) fn read(object: &JsValue) -> Option<Self> {
        if object.is_undefined() {
            return Some(Self::default());
        }
        let numbers: Uint32Array = field(object, "marks").dyn_into().ok()?;
        let kept = Amount {
            entries: size_of(object, "entries"),
            bytes: size_of(object, "bytes"),
        };
        let marks = Marks::from_numbers(&numbers.to_vec())?;
        Some(Self { kept, marks })
    }

    /// As it is stored.
    pub(super) fn to_object(&self) -> JsValue {
        let marks = Uint32Array::from(self.marks.to_numbers().as_slice());
        object([
            ("id", KEY.into()),
            ("entries", float(self.kept.entries).into()),
            ("bytes", float(self.kept.bytes).into()),
            ("marks", marks.into()),
        ])
    }

    /// So much more is kept.
    pub(super) fn add(&mut self, size: u64) {
        self.kept.entries = self.kept.entries.saturating_add(1);
        self.kept.bytes = self.kept.bytes.saturating_add(size);
    }

    /// So much less.
    pub(super) fn subtract(&mut self, size: u64) {
        self.kept.entries = self.kept.entries.saturating_sub(1);
        self.kept.bytes = self.kept.bytes.saturating_sub(size);
    }
}

/// A number in an object, or zero.
pub(super) fn size_of(object: &JsValue, name: &str) -> u64 {
    number(object, name).map_or(0, whole)
}
