//! The outbox as JavaScript sees it: within each command's transaction, the package brings the writes that are stored,
//! `seawall_policy::outbox` decides, and the package stores what changed before it answers.
//!
//! So any number of pages may command at the same time and none sees a half-made change; what a page is told to do is
//! stored before it is told. What a request is made of is the package's affair.

mod command;
mod form;
mod head;

use js_sys::{Array, Object};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

pub use form::{columns_with, owner_of, prefer_of, query_of, queueable_as, rows_in_query};

use crate::object::object;
use command::{Command, decide};

/// Runs a command, by the names and inputs of `pkg/src/offline/outbox.ts`, on the heads that are stored: the reply, and
/// what is to be stored, changed and removed before it is given. Nothing where there is no such command.
#[wasm_bindgen(js_name = outboxDecide)]
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "a list crosses the boundary owned")]
pub fn outbox_decide(name: &str, settings: Vec<f64>, input: &JsValue, heads: &Array) -> JsValue {
    let Some(command) = Command::read(name, input) else {
        return JsValue::UNDEFINED;
    };
    let (reply, edits) = decide(&command, &settings, heads.iter());
    object([
        ("reply", reply),
        ("fresh", edits.new),
        ("changed", edits.changed.into()),
        (
            "gone",
            edits
                .gone
                .iter()
                .map(|id| JsValue::from(head::float(*id)))
                .collect::<Array>()
                .into(),
        ),
    ])
}

fn empty() -> JsValue {
    Object::new().into()
}
