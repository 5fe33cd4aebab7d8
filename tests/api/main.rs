//! `npm run test:api`: schemathesis sends a server what its own descriptions allow and much that they do not.
//!
//! The description of the tables comes from the REST root, that of the server's own
//! addresses from `/openapi.json`, both in OpenAPI 3.1. They are asked as nobody, as a person
//! and as an administrator, of a server that has everything: store, queue, audit, cache and
//! Redis. No answer may be a fault of the server, and each must be as described: its
//! status, its media type, its body. What is sent wrong on purpose must be refused.
//!
//! Environment: `SEAWALL_BINARY`, `SEAWALL_TEST_DATABASE_URL`, `SCHEMATHESIS_BINARY`, `API_EXAMPLES` (25, each
//! operation), `API_SEED`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::Method;
use seawall_e2e::{Database, OWNER, SECRET, ServerProcess, TestRedis};
use seawall_server::auth::mint::mint;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DESCRIPTION: &str = "application/vnd.oai.openapi+json;version=3.1";

/// Longer than any answer takes, apart from those that never end.
const PATIENCE: &str = "20";

/// One run over one description.
struct Round<'a> {
    what: &'a str,
    description: &'a Path,
    url: String,
    token: Option<String>,
    checks: &'a str,
    leaves_out: &'a [&'a str],
}

/// What PostgREST's protocol promises of tables. It describes neither its errors nor what it makes of a filter that is
/// none, so nothing more can be asked.
const OF_TABLES: &str = "not_a_server_error,content_type_conformance";
const OF_OURS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                       response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let (database, redis) = (Database::create().await, TestRedis::start().await);
    let (owner, redis_url) = (database.owner_url(), redis.url());
    let settings = [
        ("SEAWALL_OWNER_DATABASE_URL", owner.as_str()),
        ("SEAWALL_STORE_DATABASE_URL", owner.as_str()),
        ("SEAWALL_MIGRATE", "true"),
        ("SEAWALL_REDIS_URL", redis_url.as_str()),
        ("SEAWALL_CACHE", "true"),
    ];
    let server = ServerProcess::start(&database, &settings).await;
    let folder = std::env::temp_dir().join(format!("seawall-api-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = rounds(&server, &folder).await;
    std::fs::remove_dir_all(&folder)?;
    outcome
}

async fn rounds(server: &ServerProcess, folder: &Path) -> Outcome<()> {
    let tables = server
        .as_user(OWNER, Method::GET, "/rest/v1/")
        .header("accept", DESCRIPTION);
    let tables = described(&folder.join("tables.json"), &tables.send().await)?;
    let own = server.request(Method::GET, "/openapi.json").send().await;
    let own = described(&folder.join("own.json"), &own)?;
    let root = format!("http://{}", server.address());
    let admin = mint(SECRET, &json!({"sub": "admin", "role": "service_role"}))?;
    let rounds = [
        Round {
            what: "own addresses, as nobody",
            description: &own,
            url: root.clone(),
            token: None,
            checks: OF_OURS,
            leaves_out: &[],
        },
        Round {
            what: "tables, as a person",
            description: &tables,
            url: format!("{root}/rest/v1"),
            token: Some(OWNER.token_for(7200)),
            checks: OF_TABLES,
            leaves_out: &[],
        },
        Round {
            what: "own addresses, as an administrator",
            description: &own,
            url: root,
            token: Some(admin),
            checks: OF_OURS,
            // One never ends; the other is 503 by right once a circuit was forced open.
            leaves_out: &["/admin/events", "/ready"],
        },
    ];
    let mut failed = Vec::new();
    for round in &rounds {
        println!("\n{}: {}", round.what, round.url);
        if !round.run(folder)? {
            failed.push(round.what);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not as described: {}", failed.join("; ")).into())
    }
}

fn described(file: &Path, answer: &seawall_e2e::Answer) -> Outcome<PathBuf> {
    if !answer.status.is_success() {
        return Err(format!("no description is served: {}", answer.status).into());
    }
    std::fs::write(file, &answer.body)?;
    Ok(file.to_owned())
}

impl Round<'_> {
    fn run(&self, folder: &Path) -> Outcome<bool> {
        let examples = std::env::var("API_EXAMPLES").unwrap_or_else(|_| "25".to_owned());
        let mut command = Command::new(std::env::var("SCHEMATHESIS_BINARY")?);
        command
            .current_dir(folder)
            .arg("run")
            .arg(self.description)
            .args(["--url", &self.url, "--checks", self.checks])
            .args(["--phases", "coverage,fuzzing", "--max-examples", &examples])
            .args(["--workers", "2", "--request-timeout", PATIENCE])
            .args(["--continue-on-failure", "--no-color", "--warnings", "off"]);
        if let Some(token) = &self.token {
            command.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        for path in self.leaves_out {
            command.args(["--exclude-path", path]);
        }
        if let Ok(seed) = std::env::var("API_SEED") {
            command.args(["--seed", &seed]);
        }
        Ok(command.status()?.success())
    }
}
