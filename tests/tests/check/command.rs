//! The command itself: what it asks, how it answers, how it ends.

use seawall_e2e::Database;
use serde_json::Value;

use crate::program::{check, findings, run, seawall};

const OPEN: &str = "create table notes (id bigint primary key); grant select on notes to authenticated;";

async fn open() -> Database {
    let database = Database::create().await;
    database.run(OPEN).await;
    database
}

#[tokio::test]
async fn the_exit_status_says_whether_something_is_denied() {
    let database = open().await;
    let status = |arguments: &[&str]| check(&database, arguments).status.code();
    assert_eq!(status(&[]), Some(1));
    assert_eq!(status(&["--deny", "critical"]), Some(1));
    assert_eq!(status(&["--only", "grant-to-public"]), Some(0));
    database.run("revoke select on notes from authenticated").await;
    assert_eq!(status(&["--deny", "warning"]), Some(0));
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_not_a_clean_one() {
    let output = run("postgres://nobody:nothing@127.0.0.1:1/none", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("nothing"));
}

#[tokio::test]
async fn people_are_told_what_why_and_how() {
    let output = check(&open().await, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.starts_with("critical rls-disabled: table public.notes\n"),
        "{text}"
    );
    assert!(
        text.contains(r#"alter table "public"."notes" enable row level security;"#),
        "{text}"
    );
}

#[tokio::test]
async fn the_fix_mends_it() {
    let database = open().await;
    let found = findings(&database.direct_login_url(), &["--only", "rls-disabled"]);
    database.run(found[0]["fix"].as_str().unwrap()).await;
    assert!(findings(&database.direct_login_url(), &["--only", "rls-disabled"]).is_empty());
}

#[tokio::test]
async fn sarif_points_at_the_object() {
    let output = check(&open().await, &["--format", "sarif"]);
    let sarif: Value = serde_json::from_slice(&output.stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "rls-disabled");
    let location = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(location, "public/table/notes");
}

#[tokio::test]
async fn the_configuration_allows_with_a_reason() {
    let database = open().await;
    let check = |allow: &str| {
        let mut command = seawall(&database.direct_login_url());
        let output = command
            .arg("check")
            .args(["--deny", "warning"])
            .env("SEAWALL_CHECK_ALLOW", allow)
            .output();
        output.unwrap()
    };
    let allowed = check(r#"{"rls-disabled": {"public.notes": "empty for ever"}}"#);
    let text = String::from_utf8_lossy(&allowed.stdout);
    assert_eq!(allowed.status.code(), Some(0), "{text}");
    assert!(
        text.contains("allowed rls-disabled: table public.notes (empty for ever)"),
        "{text}"
    );
    assert_eq!(
        check(r#"{"rls-disabled": {"public.notes": ""}}"#).status.code(),
        Some(1)
    );
    assert_eq!(
        check(r#"{"rls-disabled": {"public.other": "gone"}}"#)
            .status
            .code(),
        Some(1)
    );
}

#[tokio::test]
async fn one_connection_is_enough_and_nothing_is_left_behind() {
    let database = open().await;
    let before = database
        .value("select count(*) from pg_locks where locktype = 'advisory'")
        .await;
    let mut command = seawall(&database.direct_login_url());
    let output = command.arg("check").env("SEAWALL_DB_POOL", "1").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        database
            .value("select count(*) from pg_locks where locktype = 'advisory'")
            .await,
        before
    );
}

#[tokio::test]
async fn settings_in_the_database_count() {
    let database = Database::create().await;
    let setting = |value: &str| {
        format!(
            "alter role seawall_e2e_login in database {} set pgrst.db_schemas = '{value}'",
            database.name()
        )
    };
    database.run("create schema back_room; create table back_room.notes (id bigint); grant select on back_room.notes to anon").await;
    assert!(findings(&database.direct_login_url(), &["--only", "rls-disabled"]).is_empty());
    database.run(&setting("public,back_room")).await;
    assert_eq!(
        findings(&database.direct_login_url(), &["--only", "rls-disabled"]).len(),
        1
    );
}

#[tokio::test]
async fn unknown_rules_and_severities_are_refused() {
    let database = Database::create().await;
    for arguments in [["--only", "rls-disabld"], ["--deny", "everything"]] {
        assert_eq!(check(&database, &arguments).status.code(), Some(2));
    }
}
