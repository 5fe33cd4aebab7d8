//! `npm run test:api`: schemathesis sends a server what its own description allows and much that it does not.
//!
//! The description of the tables comes from the REST root, in OpenAPI 3.1; that of the
//! server's own addresses from `/openapi.json`, where it is served. One thing is asked of every
//! answer: that it is no fault of ours. An error is said in an answer below 500.
//!
//! Environment: `SEAWALL_BINARY`, `SEAWALL_TEST_DATABASE_URL`, `SCHEMATHESIS_BINARY`, `API_EXAMPLES` (25, each
//! operation), `API_SEED`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::Method;
use seawall_e2e::{Answer, Database, OWNER, ServerProcess};

type Outcome<T> = Result<T, Box<dyn Error>>;

const DESCRIPTION: &str = "application/vnd.oai.openapi+json;version=3.1";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let database = Database::create().await;
    let server = ServerProcess::start(&database, &[]).await;
    let folder = std::env::temp_dir().join(format!("seawall-api-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let tables = server
        .as_user(OWNER, Method::GET, "/rest/v1/")
        .header("accept", DESCRIPTION)
        .send()
        .await;
    let own = server.request(Method::GET, "/openapi.json").send().await;
    let outcome = examine(
        "tables",
        &tables,
        &format!("http://{}/rest/v1", server.address()),
        &folder,
    )
    .and_then(|()| {
        examine(
            "own addresses",
            &own,
            &format!("http://{}", server.address()),
            &folder,
        )
    });
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn examine(what: &str, description: &Answer, url: &str, folder: &Path) -> Outcome<()> {
    if !description.status.is_success() {
        println!(
            "{what}: no description is served ({}), so nothing was sent",
            description.status
        );
        return Ok(());
    }
    let file: PathBuf = folder.join("description.json");
    std::fs::write(&file, &description.body)?;
    let examples = std::env::var("API_EXAMPLES").unwrap_or_else(|_| "25".to_owned());
    let mut command = Command::new(std::env::var("SCHEMATHESIS_BINARY")?);
    command
        .arg("run")
        .arg(&file)
        .args([
            "--url",
            url,
            "--checks",
            "not_a_server_error",
            "--no-color",
            "--workers",
            "2",
        ])
        .args(["--phases", "coverage,fuzzing", "--max-examples", &examples])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", OWNER.token_for(7200)),
        ]);
    if let Ok(seed) = std::env::var("API_SEED") {
        command.args(["--seed", &seed]);
    }
    println!("{what}: {url}");
    if command.status()?.success() {
        Ok(())
    } else {
        Err(format!("{what}: an answer was a fault of the server").into())
    }
}
