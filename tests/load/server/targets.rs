//! What is wanted, beside what was seen.

use serde_json::{Value, json};

/// The figures so far.
#[derive(Default)]
pub(crate) struct Targets(Vec<Value>);

impl Targets {
    /// A figure that should be no more than a bound.
    pub(crate) fn at_most(&mut self, what: &str, seen: f64, bound: f64, unit: &str) {
        let wanted = format!("at most {bound}");
        self.0.push(
            json!({ "what": what, "seen": seen, "wanted": wanted, "unit": unit, "holds": seen <= bound }),
        );
    }

    /// A figure that should be no less than a bound.
    pub(crate) fn at_least(&mut self, what: &str, seen: f64, bound: f64, unit: &str) {
        let wanted = format!("at least {bound}");
        self.0.push(
            json!({ "what": what, "seen": seen, "wanted": wanted, "unit": unit, "holds": seen >= bound }),
        );
    }

    pub(crate) fn into_json(self) -> Value {
        Value::Array(self.0)
    }
}
