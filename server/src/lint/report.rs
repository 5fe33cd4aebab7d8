//! What was found, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::finding::{Finding, Severity};
use super::rules;

/// Where the rules are explained.
const REFERENCE: &str = "docs/check.md";

/// All findings, the worst first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, those that are allowed included.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|one, other| {
            let key = |finding: &Finding| (finding.rule, finding.object.clone());
            other
                .severity
                .cmp(&one.severity)
                .then_with(|| key(one).cmp(&key(other)))
        });
        Self { findings }
    }

    /// Findings that are not allowed.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.allowed.is_none())
    }

    /// Findings that are not allowed and at least this bad.
    pub fn at_least(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.open().filter(move |finding| finding.severity >= severity)
    }

    fn count(&self, severity: Severity) -> usize {
        self.open().filter(|finding| finding.severity == severity).count()
    }

    /// The report for people.
    #[must_use]
    pub fn human(&self) -> String {
        let mut out = String::new();
        for finding in self.open() {
            let _ = writeln!(out, "{} {}: {}", finding.severity, finding.rule, finding.object);
            let _ = writeln!(out, "  {}", finding.message);
            for line in finding.fix.lines() {
                let _ = writeln!(out, "    {line}");
            }
            out.push('\n');
        }
        for finding in self.findings.iter().filter(|finding| finding.allowed.is_some()) {
            let reason = finding.allowed.as_deref().unwrap_or_default();
            let _ = writeln!(out, "allowed {}: {} ({reason})", finding.rule, finding.object);
        }
        let _ = writeln!(out, "{}", self.summary());
        out
    }

    /// How many of each, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let counts: Vec<String> = Severity::ALL
            .iter()
            .rev()
            .map(|severity| (self.count(*severity), severity))
            .filter(|(count, _)| *count > 0)
            .map(|(count, severity)| format!("{count} {severity}"))
            .collect();
        let allowed = self.findings.len() - self.open().count();
        let found = if counts.is_empty() {
            "nothing found".to_owned()
        } else {
            counts.join(", ")
        };
        match allowed {
            0 => format!("{found}; each rule is explained in {REFERENCE}"),
            _ => format!("{found}, {allowed} allowed; each rule is explained in {REFERENCE}"),
        }
    }

    /// The report as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let counts: serde_json::Map<String, Value> = Severity::ALL
            .iter()
            .map(|severity| (severity.word().to_owned(), self.count(*severity).into()))
            .collect();
        let findings: Vec<Value> = self.findings.iter().map(finding_json).collect();
        json!({"version": 1, "counts": counts, "findings": findings})
    }

    /// The report as SARIF 2.1.0, which code hosts show beside changes.
    #[must_use]
    pub fn sarif(&self) -> Value {
        let rules: Vec<Value> = rules::ALL
            .iter()
            .map(|rule| {
                json!({
                    "id": rule.id,
                    "shortDescription": {"text": rule.why},
                    "helpUri": format!("{REFERENCE}#{}", rule.id),
                    "defaultConfiguration": {"level": level(rule.severity)},
                })
            })
            .collect();
        let results: Vec<Value> = self.findings.iter().map(result).collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "seawall check",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "results": results,
            }],
        })
    }
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "severity": finding.severity,
        "object": finding.object.to_string(),
        "location": finding.object,
        "message": finding.message,
        "why": rules::named(finding.rule).map(|rule| rule.why),
        "fix": finding.fix,
        "allowed": finding.allowed,
    })
}

fn result(finding: &Finding) -> Value {
    let path = finding.object.path();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": format!("{}: {}", finding.object, finding.message)},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": path}},
            "logicalLocations": [{"fullyQualifiedName": finding.object.name()}],
        }],
        "partialFingerprints": {"object/v1": format!("{}:{path}", finding.rule)},
    });
    if let (Some(reason), Some(object)) = (&finding.allowed, result.as_object_mut()) {
        object.insert(
            "suppressions".to_owned(),
            json!([{"kind": "inSource", "justification": reason}]),
        );
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::finding::Object;

    fn report() -> Report {
        let finding = |rule, severity, allowed: Option<&str>| Finding {
            rule,
            severity,
            object: Object::new("table", "public", "notes"),
            message: "it is open".to_owned(),
            fix: "alter table x;\nalter table y;".to_owned(),
            allowed: allowed.map(str::to_owned),
        };
        Report::new(vec![
            finding("rls-not-forced", Severity::Warning, None),
            finding("policy-for-public", Severity::Warning, Some("by design")),
            finding("rls-disabled", Severity::Critical, None),
        ])
    }

    #[test]
    fn the_worst_comes_first_and_what_is_allowed_last() {
        let text = report().human();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "critical rls-disabled: table public.notes");
        assert_eq!(lines[2], "    alter table x;");
        assert_eq!(
            lines[lines.len() - 2],
            "allowed policy-for-public: table public.notes (by design)"
        );
        assert!(lines[lines.len() - 1].starts_with("1 critical, 1 warning, 1 allowed"));
    }

    #[test]
    fn what_is_allowed_is_not_counted() {
        let report = report();
        assert_eq!(report.at_least(Severity::Error).count(), 1);
        assert_eq!(report.at_least(Severity::Info).count(), 2);
        assert_eq!(report.json()["counts"]["warning"], 1);
    }

    #[test]
    fn sarif_names_rules_it_describes() {
        let sarif = report().sarif();
        let run = &sarif["runs"][0];
        let described = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            assert!(described.iter().any(|rule| rule["id"] == result["ruleId"]));
        }
        assert_eq!(run["results"][0]["level"], "error");
        assert_eq!(run["results"][1]["suppressions"][0]["justification"], "by design");
    }
}
