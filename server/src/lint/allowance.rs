//! What is let pass on purpose: with a reason, or not at all.
//!
//! An allowance stands beside the object in the database, as a line of its comment, or in the configuration:
//!
//! ```sql
//! comment on table countries is 'seawall:allow policy-always-true-read: the same for everybody';
//! ```
//!
//! One that names no rule, gives no reason or lets nothing pass is itself a finding, so none outlives its cause.

use std::collections::BTreeMap;

use super::catalogue::Catalogue;
use super::finding::{Finding, Object, Severity};
use super::rules::{self, IDLE};

const MARK: &str = "seawall:allow";

/// One thing that is let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// The rule.
    pub(crate) rule: String,
    /// The object: its whole name, or its beginning and `*`.
    pub(crate) object: String,
    /// Why.
    pub(crate) reason: String,
    place: Place,
    /// Whether it has to allow something: a schema that is not exposed now may be elsewhere.
    expected: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Configuration,
    Comment(Object),
}

/// Allowances of the configuration: objects and reasons by rule.
pub type Configured = BTreeMap<String, BTreeMap<String, String>>;

/// Collects every allowance there is.
pub(crate) fn all(catalogue: &Catalogue, configured: &Configured) -> Vec<Allowance> {
    let mut allowances = Vec::new();
    for (rule, objects) in configured {
        for (object, reason) in objects {
            allowances.push(Allowance {
                rule: rule.clone(),
                object: object.clone(),
                reason: reason.trim().to_owned(),
                place: Place::Configuration,
                expected: true,
            });
        }
    }
    for (object, comment) in comments(catalogue) {
        for line in comment.lines() {
            if let Some((_, text)) = line.split_once(MARK) {
                allowances.extend(parse(text, &object, catalogue));
            }
        }
    }
    allowances
}

fn comments(catalogue: &Catalogue) -> impl Iterator<Item = (Object, &str)> {
    let relations = catalogue.relations.iter().map(|relation| {
        (
            Object::new("table", &relation.schema, &relation.name),
            relation.comment.as_str(),
        )
    });
    let policies = catalogue.policies.iter().map(|policy| {
        let object = Object::new("table", &policy.schema, &policy.table).part("policy", &policy.name);
        (object, policy.comment.as_str())
    });
    let routines = catalogue.routines.iter().map(|routine| {
        (
            Object::new("function", &routine.schema, &routine.name),
            routine.comment.as_str(),
        )
    });
    let indexes = catalogue.indexes.iter().map(|index| {
        let object = Object::new("table", &index.schema, &index.table).part("index", &index.name);
        (object, index.comment.as_str())
    });
    let schemas = catalogue
        .schemas
        .iter()
        .map(|schema| (Object::global("schema", &schema.name), schema.comment.as_str()));
    relations
        .chain(policies)
        .chain(routines)
        .chain(indexes)
        .chain(schemas)
}

/// ` rule, rule: reason`
fn parse(text: &str, object: &Object, catalogue: &Catalogue) -> Vec<Allowance> {
    let (names, reason) = text.split_once(':').unwrap_or((text, ""));
    let names = names.split(',').map(str::trim);
    names
        .map(|rule| Allowance {
            rule: rule.to_owned(),
            object: object.name(),
            reason: reason.trim().to_owned(),
            place: Place::Comment(object.clone()),
            expected: catalogue.exposes(object.schema()),
        })
        .collect()
}

impl Allowance {
    fn covers(&self, finding: &Finding) -> bool {
        let names = [finding.object.name(), finding.object.owner()];
        let same = match self.object.strip_suffix('*') {
            Some(beginning) => names.iter().any(|name| name.starts_with(beginning)),
            None => names.contains(&self.object),
        };
        self.rule == finding.rule && same && !self.reason.is_empty()
    }

    fn where_it_is(&self) -> Object {
        match &self.place {
            Place::Configuration => Object::global("check-allow", &self.object).part("rule", &self.rule),
            Place::Comment(object) => object.clone(),
        }
    }

    /// What is wrong with it, if anything is; `asked` are the rules that were asked.
    fn problem(&self, used: bool, asked: impl Fn(&str) -> bool) -> Option<String> {
        if rules::named(&self.rule).is_none() {
            return Some(format!("it allows {:?}, and there is no such rule", self.rule));
        }
        if self.reason.is_empty() {
            return Some(format!("it allows {} and does not say why", self.rule));
        }
        (!used && self.expected && asked(&self.rule))
            .then(|| format!("it allows {}, and there is nothing to allow", self.rule))
    }
}

/// Marks what is allowed, and adds what is wrong with the allowances themselves.
pub(crate) fn apply(findings: &mut Vec<Finding>, allowances: &[Allowance], asked: impl Fn(&str) -> bool) {
    for allowance in allowances {
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| allowance.covers(finding)) {
            finding.allowed = Some(allowance.reason.clone());
            used = true;
        }
        let problem = allowance.problem(used, &asked).filter(|_| asked(IDLE));
        findings.extend(problem.map(|message| Finding {
            rule: IDLE,
            severity: rules::named(IDLE).map_or(Severity::Warning, |rule| rule.severity),
            object: allowance.where_it_is(),
            message,
            fix: format!("-- {MARK} rule: reason"),
            allowed: None,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &'static str) -> Finding {
        Finding {
            rule,
            severity: Severity::Warning,
            object: Object::new("table", "public", "notes").part("policy", "all"),
            message: String::new(),
            fix: String::new(),
            allowed: None,
        }
    }

    fn configured(rule: &str, object: &str, reason: &str) -> Vec<Allowance> {
        let objects = BTreeMap::from([(object.to_owned(), reason.to_owned())]);
        all(
            &Catalogue::default(),
            &BTreeMap::from([(rule.to_owned(), objects)]),
        )
    }

    fn problems(allowances: &[Allowance]) -> Vec<String> {
        let mut findings = vec![finding("policy-for-public")];
        apply(&mut findings, allowances, |_| true);
        findings
            .iter()
            .filter(|finding| finding.rule == IDLE)
            .map(|finding| finding.message.clone())
            .collect()
    }

    #[test]
    fn a_policy_is_covered_by_its_own_name_its_table_and_a_beginning() {
        for object in ["public.notes.all", "public.notes", "public.*", "*"] {
            let allowances = configured("policy-for-public", object, "why");
            let mut findings = vec![finding("policy-for-public")];
            apply(&mut findings, &allowances, |_| true);
            assert_eq!(findings.len(), 1, "{object}");
            assert_eq!(findings[0].allowed.as_deref(), Some("why"));
        }
    }

    #[test]
    fn an_allowance_must_have_a_rule_a_reason_and_a_cause() {
        assert!(problems(&configured("policy-for-publc", "*", "why"))[0].contains("no such rule"));
        assert!(problems(&configured("policy-for-public", "*", " "))[0].contains("does not say why"));
        assert!(problems(&configured("rls-disabled", "*", "why"))[0].contains("nothing to allow"));
        assert!(problems(&configured("policy-for-public", "*", "why")).is_empty());
    }

    #[test]
    fn comments_allow_what_they_stand_beside() {
        let catalogue: Catalogue = serde_json::from_str(
            r#"{"relations": [{"schema": "public", "name": "notes",
                "comment": "Notes.\nseawall:allow policy-for-public, rls-not-forced: a reason: with a colon"}]}"#,
        )
        .unwrap();
        let allowances = all(&catalogue, &Configured::new());
        assert_eq!(allowances.len(), 2);
        assert_eq!(allowances[1].rule, "rls-not-forced");
        assert_eq!(allowances[1].reason, "a reason: with a colon");
        assert_eq!(allowances[1].object, "public.notes");
    }
}
