//! What the project ships passes its own check.

use seawall_e2e::Database;
use serde_json::Value;

use crate::program::{findings, open_rule};

fn open(findings: &[Value]) -> Vec<&Value> {
    findings
        .iter()
        .filter(|finding| open_rule(finding).is_some())
        .collect()
}

async fn migrated() -> Database {
    let database = Database::create().await;
    seawall_server::migrate::migrate(&database.owner_url().as_str().into())
        .await
        .unwrap();
    database
}

#[tokio::test]
async fn the_example_application_is_clean() {
    let database = Database::create().await;
    let found = findings(&database.direct_login_url(), &["--indexes"]);
    let open = open(&found);
    assert!(open.is_empty(), "{open:#?}");
}

#[tokio::test]
async fn what_seawall_stores_is_clean() {
    let database = migrated().await;
    let mut command = crate::program::seawall(&database.direct_login_url());
    command
        .args(["check", "--format", "json", "--deny", "info"])
        .env("SEAWALL_DB_SCHEMAS", "public,seawall");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&text).unwrap();
    let found = report["findings"].as_array().unwrap();
    let ours = |finding: &&Value| {
        finding["severity"] != "info" && finding["location"].as_str().unwrap().starts_with("seawall/")
    };
    let open: Vec<&Value> = found.iter().filter(ours).collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[tokio::test]
async fn no_way_for_requests_to_what_seawall_stores_is_missed() {
    let database = migrated().await;
    database
        .run(
            "grant select on seawall.audit to authenticated;
             grant update (state) on seawall.jobs to anon;
             create view public.who_asked as select subject, target from seawall.audit;
             grant select on public.who_asked to service_role;
             grant execute on function seawall.job_begin(uuid, uuid) to authenticated",
        )
        .await;
    let found = findings(&database.direct_login_url(), &[]);
    let mut places: Vec<&str> = found
        .iter()
        .filter(|finding| finding["rule"] == "seawall-exposed")
        .map(|finding| finding["location"].as_str().unwrap())
        .collect();
    places.sort_unstable();
    // The parts of the audit inherit no grant: PostgreSQL asks the table that a statement names.
    assert_eq!(
        places,
        [
            "public/view/who_asked",
            "seawall/function/job_begin",
            "seawall/table/audit",
            "seawall/table/jobs"
        ]
    );
}
