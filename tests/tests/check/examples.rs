//! The examples of docs/check.md: each bad one is found, each good one is clean.

use std::time::{Duration, Instant};

use seawall_e2e::Database;
use serde_json::Value;

use crate::program::{findings, open_rule};

const DOCUMENT: &str = include_str!("../../../docs/check.md");

/// Roles that examples make. Roles belong to the cluster, so each run gives them names of its own.
const ROLES: [&str; 4] = ["gateway", "keeper", "visitor", "clerk"];

struct Example {
    rule: &'static str,
    bad: &'static str,
    good: &'static str,
}

fn examples() -> Vec<Example> {
    let entries = DOCUMENT.split("\n### `").skip(1);
    entries
        .map(|entry| {
            let (rule, rest) = entry.split_once('`').expect("a name ends");
            let block = |kind: &str| {
                let (_, block) = rest
                    .split_once(&format!("```sql {kind}\n"))
                    .unwrap_or_else(|| panic!("{rule}: no {kind}"));
                block.split_once("```").expect("a block ends").0
            };
            Example {
                rule,
                bad: block("bad"),
                good: block("good"),
            }
        })
        .collect()
}

/// Somebody else's example may run at the same time on the same cluster.
fn own_names(sql: &str, suffix: &str) -> String {
    ROLES.iter().fold(sql.to_owned(), |sql, role| {
        sql.replace(role, &format!("{role}_{suffix}"))
    })
}

/// Runs an example and gives what is found once the statistics have settled.
async fn found(sql: &str, suffix: &str, settled: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let database = Database::create().await;
    let sql = own_names(sql, suffix);
    database.run(&sql).await;
    let gateway = format!("gateway_{suffix}");
    let url = if sql.contains(&format!("create role {gateway}")) {
        database
            .run(&format!("alter role {gateway} password 'of-an-example'"))
            .await;
        format!(
            "postgres://{gateway}:of-an-example@{}/{}",
            database.address(),
            database.name()
        )
    } else {
        database.direct_login_url()
    };
    let until = Instant::now() + Duration::from_secs(15);
    let findings = loop {
        let findings = findings(&url, &["--indexes"]);
        if settled(&findings) || Instant::now() > until {
            break findings;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    for role in ROLES {
        let role = format!("{role}_{suffix}");
        if sql.contains(&format!("create role {role}")) {
            database
                .run(&format!("drop owned by {role} cascade; drop role {role}"))
                .await;
        }
    }
    findings
}

fn names(findings: &[Value], rule: &str) -> bool {
    findings.iter().filter_map(open_rule).any(|found| found == rule)
}

fn is_bad(finding: &&Value) -> bool {
    open_rule(finding).is_some() && finding["severity"] != "info"
}

#[tokio::test]
async fn each_bad_example_is_found_and_each_good_one_is_clean() {
    let mut wrong = Vec::new();
    for (index, example) in examples().iter().enumerate() {
        let suffix = format!("{}_{index}", std::process::id());
        let rule = example.rule;
        let bad = found(example.bad, &suffix, |findings| names(findings, rule)).await;
        if !names(&bad, rule) {
            wrong.push(format!("{rule}: the bad example was not found: {bad:?}"));
        }
        let good = found(example.good, &suffix, |findings| !names(findings, rule)).await;
        if names(&good, rule) {
            wrong.push(format!("{rule}: the good example was found"));
        }
        wrong.extend(
            good.iter()
                .filter(is_bad)
                .map(|finding| format!("{rule}: the good example has {finding}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
