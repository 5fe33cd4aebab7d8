//! What the planner expects a statement to cost, asked before it is run.

use super::explain;
use super::fragment::Statement;
use crate::request::PlanFormat;

/// The question: the statement's plan as JSON, with the statement's own binds. Nothing is run.
#[must_use]
pub fn question(main: &Statement) -> Statement {
    let explain = explain(PlanFormat::Json, &[]).into_statement();
    Statement {
        text: explain.text + &main.text,
        binds: main.binds.clone(),
    }
}

/// The total cost in the planner's answer, in the planner's own unit.
#[must_use]
pub fn total(explained_json: &str) -> Option<f64> {
    let plans: serde_json::Value = serde_json::from_str(explained_json).ok()?;
    plans.get(0)?.get("Plan")?.get("Total Cost")?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_cost_is_found() {
        assert_eq!(
            total(r#"[{"Plan": {"Total Cost": 12.5, "Plans": [{"Total Cost": 99}]}}]"#),
            Some(12.5)
        );
        assert_eq!(total("[]"), None);
        assert_eq!(total("cost"), None);
    }
}
