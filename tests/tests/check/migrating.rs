//! Servers that bring Seawall's own schema up to date when they start.

use seawall_e2e::{Database, ServerProcess};

use crate::program::seawall;

async fn migrated(database: &Database) -> String {
    database
        .value(
            "select count(*) = count(distinct version) and bool_and(success) from seawall._sqlx_migrations",
        )
        .await
}

#[tokio::test]
async fn several_servers_that_start_at_once_migrate_once() {
    let database = Database::create().await;
    let owner = database.owner_url();
    let settings = [
        ("SEAWALL_MIGRATE", "true"),
        ("SEAWALL_OWNER_DATABASE_URL", owner.as_str()),
    ];
    let _servers = tokio::join!(
        ServerProcess::start(&database, &settings),
        ServerProcess::start(&database, &settings),
        ServerProcess::start(&database, &settings),
    );
    assert_eq!(migrated(&database).await, "t");
}

#[tokio::test]
async fn a_server_that_may_not_migrate_says_so_and_does_not_start() {
    let database = Database::create().await;
    let mut command = seawall(&database.direct_login_url());
    command
        .arg("serve")
        .env("SEAWALL_MIGRATE", "true")
        .env("SEAWALL_LISTEN", "127.0.0.1:0");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("owner-database-url or store-database-url is needed")
    );
}

#[tokio::test]
async fn a_server_migrates_only_where_it_is_told_to() {
    let database = Database::create().await;
    let owner = database.owner_url();
    let _server = ServerProcess::start(&database, &[("SEAWALL_OWNER_DATABASE_URL", owner.as_str())]).await;
    assert_eq!(
        database.value("select to_regnamespace('seawall') is null").await,
        "t"
    );
}
