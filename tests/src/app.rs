//! A whole server with a database of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use seawall_server::Handle;
use seawall_server::config::{Config, Source};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::database::Database;
use crate::fault_proxy::FaultProxy;
use crate::must;
use crate::pooler::Pooler;
use crate::redis::TestRedis;
use crate::request::Request;
use crate::tls::Certificate;
use crate::user::{self, SECRET, User};

/// A running server; dropped, its database goes with it.
pub struct TestApp {
    address: SocketAddr,
    proxy: FaultProxy,
    /// Ends before the database that it is connected to.
    _pooler: Option<Pooler>,
    database: Arc<Database>,
    server: Handle,
}

impl TestApp {
    /// A server without rate limits over a fresh copy of the example application.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// The same, to be configured first.
    #[must_use]
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    /// The server's database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What stands between the server and its database.
    #[must_use]
    pub fn proxy(&self) -> &FaultProxy {
        &self.proxy
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server as a signal would, and comes back when it has stopped.
    pub async fn stop(self) {
        self.server.shutdown().await;
    }

    /// A caller without a token.
    #[must_use]
    pub fn anonymous(&self) -> Caller<'_> {
        Caller {
            app: self,
            token: None,
        }
    }

    /// A person of the example application.
    #[must_use]
    pub fn as_user(&self, user: User) -> Caller<'_> {
        self.with_token(user.token())
    }

    /// Somebody with exactly these claims, well signed.
    #[must_use]
    pub fn with_claims(&self, claims: &Value) -> Caller<'_> {
        self.with_token(user::token(claims))
    }

    /// Somebody with this token, whatever it is worth.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Caller<'_> {
        Caller {
            app: self,
            token: Some(token.into()),
        }
    }

    /// Sends exactly these bytes and gives all that comes back until the server closes the connection.
    pub async fn send_raw(&self, bytes: &str) -> String {
        let mut stream = must(
            "the server cannot be reached",
            TcpStream::connect(self.address).await,
        );
        must(
            "the bytes cannot be sent",
            stream.write_all(bytes.as_bytes()).await,
        );
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
        let _reset_after_the_answer = must("the connection stays open", read);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until a GET of that path is answered with that status, and says how long that took.
    pub async fn wait_for(&self, path: &str, status: u16, limit: Duration) -> Duration {
        let started = Instant::now();
        loop {
            let answer = self.anonymous().get(path).send().await;
            if answer.status == status {
                return started.elapsed();
            }
            let waited = started.elapsed();
            assert!(
                waited < limit,
                "{path} still answers {} after {waited:?}",
                answer.status
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the server knows a table that was made while it ran.
    pub async fn wait_for_table(&self, name: &str) {
        self.wait_while(&format!("/rest/v1/{name}?limit=0"), "PGRST205")
            .await;
    }

    /// Waits until the server knows a function that was made while it ran.
    pub async fn wait_for_function(&self, name: &str) {
        self.wait_while(&format!("/rest/v1/rpc/{name}?limit=0"), "PGRST202")
            .await;
    }

    async fn wait_while(&self, path: &str, code: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = self
                .as_user(user::OWNER)
                .request(Method::OPTIONS, path)
                .send()
                .await;
            if answer.status.is_success() {
                return;
            }
            assert!(
                answer.code() == code && Instant::now() < until,
                "{path}: {:?}",
                answer.body
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Somebody who sends requests to a test server.
#[derive(Clone)]
pub struct Caller<'a> {
    app: &'a TestApp,
    token: Option<String>,
}

impl Caller<'_> {
    /// A GET.
    #[must_use]
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// A HEAD.
    #[must_use]
    pub fn head(&self, path: &str) -> Request {
        self.request(Method::HEAD, path)
    }

    /// A POST of JSON.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Request {
        self.request(Method::POST, path).json(body)
    }

    /// A PATCH with JSON.
    #[must_use]
    pub fn patch(&self, path: &str, body: &Value) -> Request {
        self.request(Method::PATCH, path).json(body)
    }

    /// A PUT of JSON.
    #[must_use]
    pub fn put(&self, path: &str, body: &Value) -> Request {
        self.request(Method::PUT, path).json(body)
    }

    /// A DELETE.
    #[must_use]
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Any other request.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Request {
        let request = Request::new(self.app.address, method, path);
        match &self.token {
            Some(token) => request.bearer(token),
            None => request,
        }
    }
}

/// A server's configuration, in the words of its environment.
pub struct TestAppBuilder {
    settings: BTreeMap<String, String>,
    pooled: bool,
    stores: bool,
    sql: String,
    database: Option<Arc<Database>>,
}

impl Default for TestAppBuilder {
    fn default() -> Self {
        let builder = Self {
            settings: BTreeMap::new(),
            pooled: false,
            stores: false,
            sql: String::new(),
            database: None,
        };
        builder
            .set("SEAWALL_LISTEN", "127.0.0.1:0")
            .set("SEAWALL_DB_ANON_ROLE", "anon")
            .set("SEAWALL_RATE_LIMITS", "false")
            .set("JWT_SECRET", SECRET)
    }
}

impl TestAppBuilder {
    /// Sets a variable of the environment the server is configured by.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Serves over TLS, with this certificate; such a server is asked through [`Certificate::connect`].
    #[must_use]
    pub fn encrypted(self, certificate: &Certificate) -> Self {
        self.set("SEAWALL_TLS_CERTIFICATE", &certificate.certificate())
            .set("SEAWALL_TLS_KEY", &certificate.key())
    }

    /// Runs SQL in the database before the server starts.
    #[must_use]
    pub fn prepared_with(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// Puts a transaction pooler between the server and its database.
    #[must_use]
    pub fn pooled(mut self) -> Self {
        self.pooled = true;
        self
    }

    /// Shares a Redis with other instances.
    #[must_use]
    pub fn redis(self, redis: &TestRedis) -> Self {
        self.set("SEAWALL_REDIS_URL", &redis.url())
    }

    /// Serves the database of a running server, as a second instance.
    #[must_use]
    pub fn beside(mut self, other: &TestApp) -> Self {
        self.database = Some(Arc::clone(&other.database));
        self
    }

    /// Lets the server store what it stores itself (audit, jobs), with its migrations applied.
    #[must_use]
    pub fn with_store(mut self) -> Self {
        self.stores = true;
        self
    }

    /// Switches the rate limits on, under this policy; everybody is of the highest tier, so the policy speaks.
    #[must_use]
    pub fn limits(self, policy: &Value) -> Self {
        self.set("SEAWALL_RATE_LIMITS", "true")
            .set("SEAWALL_DEFAULT_TIER", "enterprise")
            .set("SEAWALL_POLICY", &policy.to_string())
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(self) -> TestApp {
        let app = self.start_unready().await;
        app.wait_for("/ready", 200, Duration::from_secs(20)).await;
        app
    }

    /// Starts the server, ready or not.
    pub async fn start_unready(mut self) -> TestApp {
        let database = match self.database.take() {
            Some(database) => database,
            None => Arc::new(Database::create().await),
        };
        if !self.sql.is_empty() {
            database.run(&self.sql).await;
        }
        let pooler = if self.pooled {
            Some(Pooler::start(&database).await)
        } else {
            None
        };
        let behind = pooler
            .as_ref()
            .map_or_else(|| database.address(), Pooler::address);
        let proxy = FaultProxy::start(behind);
        let through = proxy.address();
        if self.stores {
            let migrated = seawall_server::migrate::migrate(&database.owner_url().into()).await;
            must("Seawall's migrations", migrated);
            let owner = database.owner_url_at(&through.to_string());
            self = self.set("SEAWALL_STORE_DATABASE_URL", &owner);
        }
        self = self.set(
            "DATABASE_URL",
            &database.login_url(&through.ip().to_string(), through.port()),
        );
        let config = must(
            "the configuration",
            Config::load(Source::from_pairs(self.settings)),
        );
        let listener = must(
            "the server cannot listen",
            seawall_server::serve::bind(&config).await,
        );
        let server = must(
            "the server did not start",
            seawall_server::serve(config, listener).await,
        );
        TestApp {
            address: server.address(),
            proxy,
            _pooler: pooler,
            database,
            server,
        }
    }
}
