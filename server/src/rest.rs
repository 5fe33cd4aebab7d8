//! Direct mode: PostgREST's protocol, straight from PostgreSQL.
//!
//! A request is parsed and planned without the database (`seawall-pgrest`), then
//! carried out in one transaction in one flush. What the plan needs to know of the
//! database is loaded once and kept fresh; until then the answer is 503.

mod connection;
mod etag;
mod execute;
mod handler;
mod inspect;
mod live;
mod loader;
mod notify;
mod pool;
mod pulse;
mod refusal;
mod roles;
mod seal;
mod session;
mod stale;
mod stream;
mod transaction;
mod value;
mod work;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use axum::Router;
use axum::routing::any;
use tokio::sync::{Notify, Semaphore};

use crate::app::App;
use crate::config::Config;
use crate::serve::StartError;
use crate::telemetry::Metrics;
pub(crate) use etag::{names as names_tag, tag as tag_of};
pub(crate) use handler::read_as;
pub(crate) use inspect::inspect;
use live::Live;
pub(crate) use loader::{first_load, keep_loaded};
use pool::Pool;
pub(crate) use pool::connect_apart;
use pulse::Pulse;
pub(crate) use seal::{JobSeal, ask_as_login, carry_out, login_role};

/// How long verifying the token took, as extension of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JwtTime(pub(crate) Duration);

/// What direct mode keeps between requests.
pub(crate) struct Rest {
    pool: Pool,
    pub(crate) pulse: Pulse,
    live: ArcSwapOption<Live>,
    at_start: Arc<Config>,
    reload: Notify,
    /// Answers that may hold a connection for as long as they are read.
    streams: Arc<Semaphore>,
}

impl Rest {
    pub(crate) fn new(config: &Config, metrics: Metrics) -> Result<Self, StartError> {
        Ok(Self {
            pool: pool::build(&config.database, metrics)?,
            pulse: Pulse::new(),
            live: ArcSwapOption::empty(),
            at_start: Arc::new(config.clone()),
            reload: Notify::new(),
            streams: Arc::new(Semaphore::new(config.database.pool_size / 2)),
        })
    }

    /// The configuration in force: the database's settings over the server's own.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.live
            .load()
            .as_ref()
            .map_or_else(|| Arc::clone(&self.at_start), |live| Arc::clone(&live.config))
    }

    /// A number that differs when the catalogue does; none before it is loaded.
    pub(crate) fn fingerprint(&self) -> Option<crate::cache::Key> {
        self.live.load().as_ref().map(|live| live.fingerprint)
    }

    /// What depends on what in the database, where answers are kept.
    pub(crate) fn graph(&self) -> Option<Arc<crate::cache::Graph>> {
        self.live.load().as_ref().and_then(|live| live.graph.clone())
    }

    /// Whether requests can be planned.
    pub(crate) fn is_loaded(&self) -> bool {
        self.live.load().is_some()
    }

    /// Whether a path names a relation or function that is exposed.
    pub(crate) fn has_endpoint(&self, path: &str) -> bool {
        let live = self.live.load();
        match (live.as_ref(), path.strip_prefix("/rest/v1/")) {
            (Some(live), Some(name)) => live.has(name),
            (None, _) | (_, None) => false,
        }
    }

    /// Whether a role is known to bypass row-level security.
    pub(crate) fn bypasses_rls(&self, role: &str) -> bool {
        self.live
            .load()
            .as_ref()
            .is_some_and(|live| live.roles.bypasses(role))
    }

    /// Connections by state.
    pub(crate) fn pool_states(&self) -> [(&'static str, usize); 3] {
        let status = self.pool.status();
        let idle = status.available.min(status.size);
        [
            ("active", status.size - idle),
            ("idle", idle),
            ("waiting", status.waiting),
        ]
    }
}

/// The REST interface below a prefix.
pub(crate) fn routes(app: &App, prefix: &str) -> Router {
    let handler = any(handler::handle);
    let state = handler::Mount {
        app: app.clone(),
        prefix: prefix.to_owned(),
    };
    let router = Router::new().route(&format!("{prefix}/"), handler.clone());
    let router = if prefix.is_empty() {
        router
    } else {
        router.route(prefix, handler.clone())
    };
    router
        .route(&format!("{prefix}/{{*path}}"), handler)
        .with_state(state)
}
