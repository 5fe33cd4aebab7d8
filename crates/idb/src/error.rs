//! What went wrong, in the browser's words.

use core::fmt;

use wasm_bindgen::JsValue;

/// What the browser threw, or what there was instead of an exception.
#[derive(Clone, PartialEq)]
pub struct Error(pub(crate) JsValue);

impl From<JsValue> for Error {
    fn from(thrown: JsValue) -> Self {
        Self(thrown)
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        error.0
    }
}

// Its own words would bring along what prints any value of JavaScript's.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexedDB refuses")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexedDB refuses")
    }
}

impl core::error::Error for Error {}
