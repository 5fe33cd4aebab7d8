//! Runs `seawall check`.

use std::process::{Command, Output};

use seawall_e2e::Database;
use serde_json::Value;

/// The binary with the server's own environment for a database, and nothing else.
pub(crate) fn seawall(database_url: &str) -> Command {
    let binary = std::env::var("SEAWALL_BINARY").expect("SEAWALL_BINARY says where the server is");
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("DATABASE_URL", database_url)
        .env("SEAWALL_DB_ANON_ROLE", "anon")
        .env("SEAWALL_LOG_LEVEL", "error");
    command
}

/// `seawall check` as the tests' login role.
pub(crate) fn check(database: &Database, arguments: &[&str]) -> Output {
    run(&database.direct_login_url(), arguments)
}

/// `seawall check` as whoever the address names.
pub(crate) fn run(database_url: &str, arguments: &[&str]) -> Output {
    seawall(database_url)
        .arg("check")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

/// What was found, as JSON.
pub(crate) fn findings(database_url: &str, arguments: &[&str]) -> Vec<Value> {
    let output = run(database_url, &[&["--format", "json"], arguments].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    report["findings"].as_array().cloned().unwrap_or_default()
}

/// A finding's rule, where nothing allows it.
pub(crate) fn open_rule(finding: &Value) -> Option<&str> {
    finding["allowed"].is_null().then(|| finding["rule"].as_str())?
}
