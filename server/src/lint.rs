//! `seawall check`: does the database protect what the server exposes?
//!
//! Row-level security is the last wall, and the database does not tell when it has a hole: a view that reads as
//! its owner, a policy that is always true, a grant to everybody. The catalogue is read once into a value
//! ([`catalogue`]), every rule is a function of that value ([`rules`]), and nothing is changed: each finding comes
//! with the SQL that would mend it, for somebody to read first.
//!
//! It looks at what is, not at what happens: no query is run against anybody's rows.

mod allowance;
mod catalogue;
mod condition;
mod finding;
mod gate;
mod loader;
mod report;
mod rules;
mod tokens;

use std::collections::BTreeSet;

pub use allowance::Configured;
pub use catalogue::Catalogue;
pub use finding::{Finding, Object, Severity};
pub(crate) use gate::{Gate, Refused};
pub(crate) use loader::load;
pub use report::Report;

/// Which rules are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only these; all where it is empty.
    pub only: BTreeSet<String>,
    /// The index advisor's too.
    pub indexes: bool,
}

impl Scope {
    /// Whether a rule is asked: by name, or by default.
    fn asks(&self, rule: &rules::Rule) -> bool {
        match self.only.is_empty() {
            true => self.indexes || !rule.advisory,
            false => self.only.contains(rule.id),
        }
    }
}

/// Asks the rules.
#[must_use]
pub fn check(catalogue: &Catalogue, configured: &Configured, scope: &Scope) -> Report {
    let asked = || rules::ALL.iter().filter(|rule| scope.asks(rule));
    let mut findings: Vec<Finding> = asked().flat_map(|rule| rule.findings(catalogue)).collect();
    let allowances = allowance::all(catalogue, configured);
    allowance::apply(&mut findings, &allowances, |id| asked().any(|rule| rule.id == id));
    Report::new(findings)
}

/// Every rule's name, severity and reason, in the order of the reference.
pub fn reference() -> impl Iterator<Item = (&'static str, Severity, &'static str)> {
    rules::ALL.iter().map(|rule| (rule.id, rule.severity, rule.why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        serde_json::from_str(
            r#"{
              "exposed": ["public"], "anonymous": "anon",
              "login": {"name": "login"}, "roles": [{"name": "anon"}, {"name": "service", "bypasses": true}],
              "relations": [
                {"schema": "public", "name": "open", "whole": [{"role": "anon", "privilege": "SELECT"}]},
                {"schema": "public", "name": "for_service", "whole": [{"role": "service", "privilege": "SELECT"}]},
                {"schema": "private", "name": "hidden", "whole": [{"role": "anon", "privilege": "SELECT"}]}
              ]
            }"#,
        )
        .unwrap()
    }

    fn found(scope: &Scope) -> Vec<(&'static str, String)> {
        let report = check(&catalogue(), &Configured::new(), scope);
        report
            .findings
            .iter()
            .map(|finding| (finding.rule, finding.object.name()))
            .collect()
    }

    #[test]
    fn only_what_bound_roles_reach_in_exposed_schemas_is_open() {
        assert_eq!(
            found(&Scope::default()),
            [("rls-disabled", "public.open".to_owned())]
        );
    }

    #[test]
    fn only_the_rules_that_are_named_are_asked() {
        let only = Scope {
            only: BTreeSet::from(["grant-to-public".to_owned()]),
            indexes: false,
        };
        assert!(found(&only).is_empty());
    }

    #[test]
    fn an_empty_catalogue_is_clean() {
        let scope = Scope {
            indexes: true,
            ..Scope::default()
        };
        assert!(
            check(&Catalogue::default(), &Configured::new(), &scope)
                .findings
                .is_empty()
        );
    }

    /// docs/check.md is the reference; a rule without an entry there is not finished.
    #[test]
    fn every_rule_is_explained_in_the_reference() {
        let document = include_str!("../../docs/check.md");
        for (id, severity, why) in reference() {
            let entry = format!("### `{id}`\n\n**{severity}.** {why}\n");
            assert!(document.contains(&entry), "docs/check.md lacks:\n{entry}");
        }
        let entries = document.lines().filter(|line| line.starts_with("### `")).count();
        assert_eq!(entries, reference().count());
    }
}
