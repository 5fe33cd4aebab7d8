//! A database of its own for each test, copied from a template that holds the example application.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::{fail, must};

const VARIABLE: &str = "SEAWALL_TEST_DATABASE_URL";

/// The role servers log in as. Roles belong to the cluster, so it is not the product's.
const LOGIN: &str = "seawall_e2e_login";
const LOGIN_PASSWORD: &str = "a-password-of-the-tests";

// One at a time makes the template, over all test programs on the cluster.
const TEMPLATE_LOCK: i64 = 0x5ea_3a11;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static MADE: AtomicU32 = AtomicU32::new(0);

/// A database that is removed when this is dropped.
pub struct Database {
    name: String,
    admin: Config,
}

impl Database {
    /// Copies the template.
    pub async fn create() -> Self {
        let admin = administrator();
        let template = TEMPLATE.get_or_init(|| template(&admin)).await;
        let name = format!(
            "seawall_test_{}_{}",
            std::process::id(),
            MADE.fetch_add(1, Ordering::Relaxed)
        );
        execute(&admin, &format!("create database {name} template {template}")).await;
        Self { name, admin }
    }

    /// The address of the login role, by way of the given host and port.
    #[must_use]
    pub fn login_url(&self, host: &str, port: u16) -> String {
        format!("postgres://{LOGIN}:{LOGIN_PASSWORD}@{host}:{port}/{}", self.name)
    }

    /// The same, straight at the cluster.
    #[must_use]
    pub fn direct_login_url(&self) -> String {
        format!(
            "postgres://{LOGIN}:{LOGIN_PASSWORD}@{}/{}",
            self.address(),
            self.name
        )
    }

    /// The address of the superuser, who may own what Seawall stores.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.owner_url_at(&self.address())
    }

    /// The same, by way of the given address.
    #[must_use]
    pub fn owner_url_at(&self, address: &str) -> String {
        let user = self.admin.get_user().unwrap_or("postgres");
        let password = self
            .admin
            .get_password()
            .map(|password| format!(":{}", String::from_utf8_lossy(password)))
            .unwrap_or_default();
        format!("postgres://{user}{password}@{address}/{}", self.name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How a pooler reaches it as the login role, in the words of libpq.
    pub(crate) fn connection_parameters(&self) -> String {
        let address = self.address();
        let (host, port) = address.rsplit_once(':').unwrap_or((&address, "5432"));
        format!(
            "host={host} port={port} dbname={} user={LOGIN} password={LOGIN_PASSWORD}",
            self.name
        )
    }

    /// Where the cluster listens.
    #[must_use]
    pub fn address(&self) -> String {
        let host = match self.admin.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            _ => "127.0.0.1".to_owned(),
        };
        format!(
            "{host}:{}",
            self.admin.get_ports().first().copied().unwrap_or(5432)
        )
    }

    /// Runs SQL as the superuser.
    pub async fn run(&self, sql: &str) {
        execute(&self.inside(), sql).await;
    }

    /// The first column of the first row, as text; empty when there is none.
    pub async fn value(&self, sql: &str) -> String {
        let client = connect(&self.inside()).await;
        let messages = must(sql, client.simple_query(sql).await);
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
        });
        rows.map(str::to_owned).next().unwrap_or_default()
    }

    fn inside(&self) -> Config {
        let mut config = self.admin.clone();
        config.dbname(&self.name);
        config
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, sql) = (
            self.admin.clone(),
            format!("drop database if exists {} with (force)", self.name),
        );
        // A runtime cannot be entered twice, and a test's own may be on its way out. Nor is it waited for: it waits
        // itself for connections that are being opened this moment, and the test's runtime must end for them to.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async { execute(&admin, &sql).await });
            }
        });
    }
}

fn administrator() -> Config {
    let Ok(url) = std::env::var(VARIABLE) else {
        fail(&format!(
            "there is no database to test with: `npm test -- e2e` starts one; or set {VARIABLE} to the address of \
             a superuser of a PostgreSQL 15 or newer (`cargo xtask database` runs one)"
        ));
    };
    must(&format!("{VARIABLE} is not an address"), url.parse())
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = must("the test database cannot be reached", config.connect(NoTls).await);
    tokio::spawn(connection);
    client
}

async fn execute(config: &Config, sql: &str) {
    must(sql, connect(config).await.batch_execute(sql).await);
}

// Named after what is in it, so that a change of the SQL makes a new one.
async fn template(admin: &Config) -> String {
    let scripts = example();
    let mut hasher = DefaultHasher::new();
    scripts.hash(&mut hasher);
    let name = format!("seawall_template_{:016x}", hasher.finish());

    let client = connect(admin).await;
    must(
        "the template's lock",
        client
            .execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK])
            .await,
    );
    let exists = client
        .query_opt("select 1 from pg_database where datname = $1", &[&name])
        .await;
    if must("the list of databases", exists).is_none() {
        fill(admin, &client, &name, &scripts).await;
    }
    name
}

async fn fill(admin: &Config, client: &Client, name: &str, scripts: &str) {
    let partial = format!("{name}_partial");
    for sql in [
        format!("drop database if exists {partial} with (force)"),
        format!("create database {partial}"),
    ] {
        must(&sql, client.batch_execute(&sql).await);
    }
    let mut inside = admin.clone();
    inside.dbname(&partial);
    execute(&inside, scripts).await;
    execute(&inside, &login_role()).await;
    // Nobody may be connected to a database that is renamed; ours are on their way out.
    let rename = format!("alter database {partial} rename to {name}");
    for _ in 0..100 {
        if client.batch_execute(&rename).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    must("the template", client.batch_execute(&rename).await);
}

fn login_role() -> String {
    format!(
        "do $$ begin
           if not exists (select from pg_roles where rolname = '{LOGIN}') then
             create role {LOGIN} login noinherit password '{LOGIN_PASSWORD}';
           end if;
         end $$;
         grant anon, authenticated, service_role to {LOGIN};"
    )
}

// The example application's own SQL, in its order.
fn example() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/database");
    let entries = must("web-demo/database cannot be listed", std::fs::read_dir(&folder));
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let read = |file: &std::path::PathBuf| must(&file.display().to_string(), std::fs::read_to_string(file));
    files.iter().map(read).collect::<Vec<_>>().join("\n")
}
