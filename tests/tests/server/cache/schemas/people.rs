//! Who asks: each by other claims, two of them by the same name.

use seawall_e2e::{Caller, TestApp};
use serde_json::json;

use super::make::Schema;

/// A person, as the token tells; without a name nobody in particular.
pub(super) struct Person {
    name: &'static str,
    team: usize,
    rank: &'static str,
}

pub(super) const PEOPLE: [Person; 6] = [
    person("ann", 0, "sailor"),
    person("ann", 0, "captain"),
    person("ann", 1, "sailor"),
    person("bob", 1, "sailor"),
    person("cid", 2, "captain"),
    person("", 0, ""),
];

/// Names of owners and members.
pub(super) const NAMES: [&str; 3] = ["ann", "bob", "cid"];
pub(super) const TEAMS: usize = 3;

const fn person(name: &'static str, team: usize, rank: &'static str) -> Person {
    Person { name, team, rank }
}

impl Person {
    pub(super) fn on<'app>(&self, app: &'app TestApp) -> Caller<'app> {
        if self.name.is_empty() {
            app.anonymous()
        } else {
            app.with_claims(&self.claims())
        }
    }

    /// Asks the database itself for all that this person may see.
    pub(super) fn sees(&self, schema: &Schema) -> String {
        let (role, claims) = if self.name.is_empty() {
            ("anon", json!({"role": "anon"}))
        } else {
            ("authenticated", self.claims())
        };
        let tables: Vec<String> = schema
            .with_texts()
            .map(|table| format!("select words from {table}"))
            .collect();
        let tables = tables.join(" union all ");
        format!(
            "begin; set local request.jwt.claims = '{claims}'; set local role {role};
             select coalesce(string_agg(words, ' '), '') from ({tables}) as all_of (words); rollback"
        )
    }

    fn claims(&self) -> serde_json::Value {
        json!({
            "sub": self.name,
            "role": "authenticated",
            "app_metadata": {"team": self.team, "rank": self.rank},
        })
    }
}
