//! What may be queued, and how it goes out again, for the package.

use seawall_policy::class::Service;
use seawall_policy::outbox::form::{Request, prefer, query, queueable, with_column};
use seawall_policy::outbox::{Form, Rows};
use seawall_policy::retry::Repeat;
use wasm_bindgen::prelude::wasm_bindgen;

use super::head::row_names;
use crate::digest;

/// Whether a write may be queued: 0 not at all, 1 to be sent once, 2 to be sent until it is done. A `Prefer` that is
/// empty is none.
#[wasm_bindgen(js_name = outboxQueueable)]
#[must_use]
pub fn queueable_as(service: u8, method: &str, query: &str, prefer: &str, keyed: bool, marked: bool) -> u8 {
    let Some(service) = Service::from_code(service) else {
        return 0;
    };
    let request = Request {
        service,
        method,
        query,
        prefer: given(prefer),
        keyed,
        marked,
    };
    match queueable(&request) {
        None => 0,
        Some(Repeat::IfNotDone) => 1,
        Some(Repeat::Safe) => 2,
    }
}

/// The `Prefer` header of a write that goes out in this form; empty where it has none. `key` is the column of its
/// client-made key, or empty.
#[wasm_bindgen(js_name = outboxPrefer)]
#[must_use]
pub fn prefer_of(made: &str, form: &str, key: &str) -> String {
    prefer(given(made), form_of(form), given(key)).unwrap_or_default()
}

/// The query of a write that goes out in this form.
#[wasm_bindgen(js_name = outboxQuery)]
#[must_use]
pub fn query_of(made: &str, form: &str, key: &str, prefer: &str) -> String {
    query(made, form_of(form), given(key), given(prefer))
}

fn form_of(name: &str) -> Form {
    Form::from_name(name).unwrap_or(Form::Again)
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The query with a column more among those that an insert lists.
#[wasm_bindgen(js_name = outboxColumns)]
#[must_use]
pub fn columns_with(made: &str, key: &str) -> String {
    with_column(made, key)
}

/// The rows that a write's query names, as they are stored.
#[wasm_bindgen(js_name = outboxRows)]
#[must_use]
pub fn rows_in_query(query: &str, key: &str) -> Vec<String> {
    row_names(&Rows::in_query(query, key))
}

/// What stands for a user in storage: half a SHA-256, which nobody reads back. Nobody known stays nobody.
#[wasm_bindgen(js_name = outboxOwner)]
#[must_use]
pub fn owner_of(subject: &str) -> String {
    if subject.is_empty() {
        return String::new();
    }
    digest::of(subject)
}
