//! Loading what requests need to know of the database, and loading it again when it changes.
//!
//! At start it is tried until it succeeds; later the old cache serves while a new
//! one is read, and goes on serving where that fails. A reload is asked for by
//! NOTIFY, by SIGUSR1 or SIGUSR2, and by a role that is not known yet.

use std::sync::Arc;
use std::time::Duration;

use seawall_pgrest::ident::Qualified;
use seawall_pgrest::schema::{Catalogue, SchemaCache, introspection};
use seawall_pgrest::sql::Bind;
use tokio::sync::watch;

use super::connection::Connection;
use super::execute::chain;
use super::live::Live;
use super::notify;
use super::pool;
use super::pulse;
use super::roles::{self, Roles};
use super::session::Session;
use crate::app::App;
use crate::cache::{self, Graph, Rows, Told};
use crate::config::{Config, key};

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Migrations come in bursts; one load after the burst is enough.
const SETTLE: Duration = Duration::from_millis(50);

pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// In-database settings, as PostgREST ranks them: for this database, for the role, by the pre-config function.
const SETTINGS: &str = "
with stored as (
  select s.setdatabase as of, unnest(s.setconfig) as setting
  from pg_catalog.pg_db_role_setting s
  where s.setrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
    and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_catalog))
), ranked as (
  select case when of = 0 then 1 else 0 end as rank,
         split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value
  from stored
  union all
  select 2, name, current_setting(name, true) from unnest($1::text[]) as name
), best as (
  select distinct on (name) name, value from ranked
  where name = any ($1::text[]) and value is not null and (rank < 2 or value <> '')
  order by name, rank
)
select coalesce(json_object_agg(substr(name, 7), value), '{}')::text from best";

/// Keeps the cache loaded until the server stops.
pub(crate) async fn keep_loaded(app: App, mut stopped: watch::Receiver<bool>) {
    if app.config.proxy.rest.is_some() {
        let _stopping = stopped.changed().await;
        return;
    }
    let work = async {
        tokio::join!(
            reload_forever(&app),
            notify::listen_forever(&app),
            pool::close_idle_forever(&app.rest.pool),
            pulse::feel_forever(&app),
            signals(&app)
        );
    };
    tokio::select! {
        () = work => {}
        _ = stopped.changed() => {}
    }
}

/// Waits until the cache is loaded for the first time, or not any longer.
pub(crate) async fn first_load(app: &App, patience: Duration) {
    let loaded = async {
        while !app.rest.is_loaded() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(patience, loaded).await.is_err() {
        tracing::warn!("serving without a schema cache");
    }
}

async fn reload_forever(app: &App) {
    let mut generation = 0;
    loop {
        generation += 1;
        load_until_loaded(app, generation).await;
        app.rest.reload.notified().await;
        tokio::time::sleep(SETTLE).await;
    }
}

async fn load_until_loaded(app: &App, generation: u64) {
    let mut wait = FIRST_WAIT;
    loop {
        let outcome = bounded_load(app, generation).await;
        app.metrics.schema_load(outcome.is_ok());
        match outcome {
            Ok(live) => {
                tracing::info!(generation, "schema cache loaded: {}", live.schema.summary());
                app.rest.live.store(Some(Arc::new(live)));
                return;
            }
            Err(error) => {
                let retry_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                tracing::error!(
                    generation,
                    retry_ms,
                    error,
                    "the schema cache could not be loaded"
                );
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// A database that says nothing must not end the reloading for good.
async fn bounded_load(app: &App, generation: u64) -> Result<Live, String> {
    tokio::select! {
        loaded = load(app, generation) => loaded,
        () = app.rest.pulse.lost() => Err("the database was lost while it was read".to_owned()),
    }
}

async fn load(app: &App, generation: u64) -> Result<Live, String> {
    app.gate.pass(app).await.map_err(|refused| refused.to_string())?;
    let loan = pool::lend(&app.rest.pool).await.map_err(|error| chain(&error))?;
    let mut session = Session::new(loan);
    let connection = session.connection().ok_or("the loan is gone")?;
    connection.ask(BEGIN, &[]).await?;
    // A large catalogue takes longer than a request may.
    connection.ask("SET LOCAL statement_timeout = 0", &[]).await?;
    let read = read(connection, &app.rest.at_start).await;
    let ended = end(connection).await;
    if ended.is_ok() {
        session.give_back();
    }
    let Read {
        config,
        catalogue,
        roles,
        dependencies,
    } = read?;
    // Drawing the relationships of a large schema takes a while, and is nothing to wait for in a reactor.
    let exposed = config.rest.schemas.clone();
    let drawing = tokio::task::spawn_blocking(move || {
        let kept = Kept::of(&config, &catalogue, &roles, dependencies.as_deref());
        let schema = serde_json::from_str::<Catalogue>(&catalogue)
            .map(|catalogue| SchemaCache::new(catalogue, &exposed))?;
        Ok::<_, serde_json::Error>((config, schema, Roles::parse(&roles)?, kept))
    });
    let (config, schema, roles, kept) = drawing
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    let mut live = Live::new(config, schema, roles, generation);
    live.fingerprint = kept.fingerprint;
    live.graph = kept.graph;
    Ok(live)
}

/// What was read, as text.
struct Read {
    config: Config,
    catalogue: String,
    roles: String,
    dependencies: Option<String>,
}

/// What the response cache must know of the database.
#[derive(Default)]
struct Kept {
    fingerprint: cache::Key,
    graph: Option<Arc<Graph>>,
}

impl Kept {
    fn of(config: &Config, catalogue: &str, roles: &str, dependencies: Option<&str>) -> Self {
        let Some(dependencies) = dependencies else {
            return Self::default();
        };
        let told = Told {
            reads: &config.cache.reads,
            writes: &config.cache.writes,
            schema: config.rest.schemas.first().map_or("public", String::as_str),
        };
        let rows = serde_json::from_str::<Rows>(dependencies);
        if let Err(error) = &rows {
            tracing::error!(%error, "answers are not kept: the catalogue's dependencies make no sense");
        }
        Self {
            fingerprint: cache::fingerprint(&[catalogue, roles, dependencies]),
            graph: rows.ok().map(|rows| Arc::new(Graph::new(rows, &told))),
        }
    }
}

async fn read(connection: &mut Connection, at_start: &Config) -> Result<Read, String> {
    let config = effective(connection, at_start).await?;
    let roles = text(connection, roles::QUESTION, &[]).await?;
    connection.ask(introspection::PROLOGUE, &[]).await?;
    let binds = introspection::binds(&config.rest.schemas, &config.rest.extra_search_path);
    let catalogue = text(connection, &introspection::statement(), &binds).await?;
    let dependencies = if config.cache.is_on() {
        Some(text(connection, cache::QUESTION, &[]).await?)
    } else {
        None
    };
    Ok(Read {
        config,
        catalogue,
        roles,
        dependencies,
    })
}

/// The configuration under the database's own settings.
pub(super) async fn effective(connection: &mut Connection, at_start: &Config) -> Result<Config, String> {
    if !at_start.rest.database_settings {
        return Ok(at_start.clone());
    }
    if let Some(function) = &at_start.rest.pre_config {
        let call = format!("select {}()", Qualified::parse(function).sql());
        connection.ask(&call, &[]).await?;
    }
    let names = key::ALL
        .iter()
        .filter(|key| key.in_database)
        .map(|key| format!("pgrst.{}", key.database_name()));
    let names = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
    let settings = text(connection, SETTINGS, &[names]).await?;
    let settings: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&settings).map_err(|error| error.to_string())?;
    at_start
        .with_database_settings(settings)
        .map_err(|error| error.to_string())
}

async fn text(connection: &mut Connection, question: &str, binds: &[String]) -> Result<String, String> {
    let binds: Vec<Bind> = binds.iter().map(|bind| Bind(Some(bind.clone()))).collect();
    let rows = connection.ask(question, &binds).await?;
    rows.first()
        .and_then(|row| row.text(0))
        .ok_or_else(|| "the catalogue gave no answer".to_owned())
}

/// Leaves nothing of the reading on the session.
pub(super) async fn end(connection: &mut Connection) -> Result<(), String> {
    for text in ["ROLLBACK", "RESET ALL", "RESET ROLE", "DISCARD TEMP"] {
        connection.ask(text, &[]).await?;
    }
    Ok(())
}

/// PostgREST's signals: SIGUSR1 for the schema, SIGUSR2 for the configuration; both are read together here.
#[cfg(unix)]
async fn signals(app: &App) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut schema), Ok(mut config)) = (
        signal(SignalKind::user_defined1()),
        signal(SignalKind::user_defined2()),
    ) else {
        tracing::warn!("signals cannot be listened to; reload by NOTIFY");
        return;
    };
    loop {
        let received = tokio::select! {
            received = schema.recv() => received,
            received = config.recv() => received,
        };
        if received.is_none() {
            return;
        }
        app.rest.reload.notify_one();
    }
}

#[cfg(not(unix))]
async fn signals(_: &App) {}
