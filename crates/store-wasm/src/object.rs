//! Plain JavaScript objects, read and written field by field: cheaper in bytes than any derived code.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::JsValue;

/// A field's value; undefined where there is none.
pub(crate) fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// A text; none where the field holds none.
pub(crate) fn text(object: &JsValue, name: &str) -> Option<String> {
    field(object, name).as_string()
}

/// A number; none where the field holds none.
pub(crate) fn number(object: &JsValue, name: &str) -> Option<f64> {
    field(object, name).as_f64()
}

/// A list of texts; none where the field holds none.
pub(crate) fn texts(object: &JsValue, name: &str) -> Option<Vec<String>> {
    let list = field(object, name);
    Array::is_array(&list)
        .then(|| Array::from(&list))?
        .iter()
        .map(|item| item.as_string())
        .collect()
}

/// An object with these fields.
pub(crate) fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        set(&object, name, &value);
    }
    object.into()
}

/// Gives a field a value.
pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    // It fails for frozen objects only, and these are our own.
    let _ = Reflect::set(object, &name.into(), value);
}

/// A list of texts.
pub(crate) fn list<'a>(items: impl Iterator<Item = &'a str>) -> JsValue {
    items.map(JsValue::from).collect::<Array>().into()
}
