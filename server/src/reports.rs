//! What parts tell of themselves to `/health/detailed`: a name and a function that is asked when somebody looks.
//!
//! A part that is switched off reports nothing, so what is not there is not called healthy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

type Report = Arc<dyn Fn() -> Value + Send + Sync>;

/// The reports of one server.
#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<BTreeMap<&'static str, Report>>>);

impl Reports {
    /// Adds a part's report, in place of an earlier one of that name. It must answer at once and name nobody.
    pub(crate) fn add(&self, name: &'static str, report: impl Fn() -> Value + Send + Sync + 'static) {
        self.reports().insert(name, Arc::new(report));
    }

    /// Asks every part.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, Value> {
        let reports: Vec<_> = self
            .reports()
            .iter()
            .map(|(name, report)| (*name, Arc::clone(report)))
            .collect();
        reports
            .into_iter()
            .map(|(name, report)| (name, report()))
            .collect()
    }

    fn reports(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_asked_when_somebody_looks() {
        let reports = Reports::default();
        let asked = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&asked);
        reports.add("queue", move || {
            *counted.lock().unwrap() += 1;
            serde_json::json!({"depth": 3})
        });
        assert_eq!(*asked.lock().unwrap(), 0);
        assert_eq!(reports.all().get("queue"), Some(&serde_json::json!({"depth": 3})));
        assert_eq!(*asked.lock().unwrap(), 1);
    }
}
