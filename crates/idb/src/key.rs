//! What rows are known by.

use js_sys::Array;
use wasm_bindgen::JsValue;

/// Where in a value its key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPath {
    /// In one property.
    Single(String),
    /// In several.
    Array(Vec<String>),
}

/// A range of keys, which only transactions ask for.
#[derive(Clone, Debug)]
pub struct KeyRange(());

/// What a request of a transaction looks for.
#[derive(Clone, Debug)]
pub struct Query(());

impl KeyPath {
    /// One property.
    #[must_use]
    pub fn new_single(property: &str) -> Self {
        Self::Single(property.to_owned())
    }

    /// Several properties.
    pub fn new_array<'a>(properties: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Array(properties.into_iter().map(str::to_owned).collect())
    }

    /// As JavaScript has it.
    pub(crate) fn to_js(&self) -> JsValue {
        match self {
            Self::Single(property) => property.as_str().into(),
            Self::Array(properties) => {
                let list: Array = properties
                    .iter()
                    .map(|property| JsValue::from(property.as_str()))
                    .collect();
                list.into()
            }
        }
    }
}

impl From<KeyRange> for Query {
    fn from(_: KeyRange) -> Self {
        Self(())
    }
}

impl From<JsValue> for Query {
    fn from(_: JsValue) -> Self {
        Self(())
    }
}
