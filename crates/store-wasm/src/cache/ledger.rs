//! The one record that says how much is stored, and what was invalidated: read and written within each change, so that
//! several tabs agree and no change looks at more than itself.

use js_sys::{Object, Reflect, Uint32Array};
use seawall_policy::cache::evict::Amount;
use seawall_policy::cache::invalidate::Marks;
use wasm_bindgen::{JsCast as _, JsValue};

use super::{float, whole};

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
            entries: number(object, "entries"),
            bytes: number(object, "bytes"),
        };
        let marks = Marks::from_numbers(&numbers.to_vec())?;
        Some(Self { kept, marks })
    }

    /// As it is stored.
    pub(super) fn to_object(&self) -> JsValue {
        let object = Object::new();
        set(&object, "id", &KEY.into());
        set(&object, "entries", &float(self.kept.entries).into());
        set(&object, "bytes", &float(self.kept.bytes).into());
        set(
            &object,
            "marks",
            &Uint32Array::from(self.marks.to_numbers().as_slice()),
        );
        object.into()
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

/// A field of an object, or undefined.
pub(super) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()
}

/// A number in an object, or zero.
pub(super) fn number(object: &JsValue, name: &str) -> u64 {
    field(object, name).as_f64().map_or(0, whole)
}

/// Puts a field into an object; a plain object takes every field.
pub(super) fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &JsValue::from_str(name), value).unwrap_or_default();
}
