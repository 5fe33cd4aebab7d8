//! Who may import whom, read from cargo's own view of the dependencies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::sources::Sources;
use crate::failure::{Failure, Outcome, when};
use crate::process::Task;
use crate::project::Project;

/// The table of ARCHITECTURE.md: a workspace crate and the workspace crates it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("seawall-policy", &[]),
    ("seawall-pgrest", &[]),
    ("seawall-guard-wasm", &["seawall-policy"]),
    ("seawall-store-wasm", &["seawall-policy"]),
    ("seawall-shape-wasm", &["seawall-policy"]),
    // They stand in for the registry's; only `postgrest` and `rexie` know them.
    ("reqwest", &[]),
    ("idb", &[]),
    ("seawall-server", &["seawall-policy", "seawall-pgrest"]),
    (
        "seawall-e2e",
        &["seawall-server", "seawall-policy", "seawall-pgrest"],
    ),
    // Only to write documents from their tables.
    ("xtask", &["seawall-policy", "seawall-pgrest"]),
];

const PURE: [&str; 2] = ["seawall-policy", "seawall-pgrest"];

/// Runtimes, servers, clients, drivers, clocks and sources of randomness.
const IMPURE: [&str; 18] = [
    "async-std",
    "axum",
    "chrono",
    "diesel",
    "getrandom",
    "hyper",
    "mio",
    "postgres",
    "rand",
    "reqwest",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "time",
    "tokio",
    "tokio-postgres",
    "web-time",
];

const WORLDLY: [&str; 6] = [
    "SystemTime::now",
    "Instant::now",
    "std::env::",
    "std::fs::",
    "std::net::",
    "std::thread::",
];

/// No workspace crate uses one it may not.
pub(super) fn workspace(project: &Project, _: &Sources) -> Outcome<Vec<String>> {
    let used = direct(project)?;
    let mut broken = Vec::new();
    for (package, uses) in &used {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == package) else {
            broken.push(format!(
                "{package} is not in the table of xtask/src/tidy/edges.rs"
            ));
            continue;
        };
        let members = uses
            .iter()
            .filter(|name| used.contains_key(*name) && !allowed.contains(&name.as_str()));
        broken.extend(members.map(|name| format!("{package} uses {name}")));
    }
    Ok(broken)
}

/// The pure crates reach no crate that touches the world, however far down.
pub(super) fn pure(project: &Project, _: &Sources) -> Outcome<Vec<String>> {
    let mut broken = Vec::new();
    for package in PURE {
        let tree = Task::cargo(project, "tidy-tree")?
            .args([
                "tree",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
                "--all-features",
            ])
            .output()?;
        let reached: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        let impure = reached.into_iter().filter(|name| IMPURE.contains(name));
        broken.extend(impure.map(|name| format!("{package} reaches {name}")));
    }
    Ok(broken)
}

/// The pure crates take time as an argument and read nothing from their surroundings.
pub(super) fn clocks(_: &Project, sources: &Sources) -> Outcome<Vec<String>> {
    let files = ["crates/policy/src", "crates/pgrest/src"]
        .into_iter()
        .flat_map(|folder| sources.rust(folder));
    Ok(files
        .flat_map(|file| file.places(|line| WORLDLY.iter().any(|word| line.contains(word))))
        .collect())
}

fn direct(project: &Project) -> Outcome<BTreeMap<String, BTreeSet<String>>> {
    let args = ["metadata", "--format-version", "1", "--no-deps"];
    let text = Task::cargo(project, "tidy-metadata")?.args(args).output()?;
    let metadata: Value = serde_json::from_str(&text).map_err(when("cargo metadata cannot be read"))?;
    uses(&metadata).ok_or_else(|| Failure::because("cargo metadata has no packages"))
}

// Tests may use what they like: only normal and build dependencies shape the product.
fn uses(metadata: &Value) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let mut all = BTreeMap::new();
    for package in metadata.get("packages")?.as_array()? {
        let ships = |dependency: &&Value| dependency.get("kind").and_then(Value::as_str) != Some("dev");
        let dependencies = package.get("dependencies")?.as_array()?.iter().filter(ships);
        let names = dependencies.filter_map(|dependency| dependency.get("name")?.as_str().map(str::to_owned));
        all.insert(package.get("name")?.as_str()?.to_owned(), names.collect());
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_tests_do_not_count() {
        let metadata = serde_json::json!({"packages": [{"name": "a", "dependencies": [
            {"name": "b", "kind": null}, {"name": "c", "kind": "dev"}, {"name": "d", "kind": "build"}]}]});
        let used = uses(&metadata).unwrap();
        assert_eq!(used["a"].iter().collect::<Vec<_>>(), ["b", "d"]);
    }

    #[test]
    fn a_clock_read_outside_tests_and_comments_is_found() {
        let sources = Sources::given(&[
            (
                "crates/policy/src/a.rs",
                "// Instant::now\nlet t = Instant::now();\n#[cfg(test)]\nInstant::now",
            ),
            ("server/src/a.rs", "Instant::now()"),
        ]);
        let files = sources.rust("crates/policy/src");
        let found: Vec<String> = files
            .flat_map(|file| file.places(|line| line.contains(WORLDLY[1])))
            .collect();
        assert_eq!(found, ["crates/policy/src/a.rs:2: let t = Instant::now();"]);
    }
}
