//! `seawall serve`.

use std::num::NonZero;

use tokio::runtime::{Builder, Runtime};

use crate::cli::CommandError;
use crate::config::{Config, Source};
use crate::serve::{self, serve};
use crate::telemetry::start_logging;

pub(super) fn run(source: Source) -> Result<(), CommandError> {
    let config = Config::load(source)?;
    start_logging(config.log);
    announce(&config);
    runtime()?.block_on(serve_until_stopped(config))
}

/// As many workers as there are cores, or as `TOKIO_WORKER_THREADS` says. A single one needs none of what keeps several
/// out of each other's way, which is a twentieth of a request's time.
fn runtime() -> std::io::Result<Runtime> {
    let told = std::env::var("TOKIO_WORKER_THREADS").ok();
    let workers = match told.and_then(|workers| workers.parse().ok()) {
        Some(workers) => workers,
        None => std::thread::available_parallelism().map_or(1, NonZero::get),
    };
    let mut runtime = if workers == 1 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    runtime.enable_all().build()
}

async fn serve_until_stopped(config: Config) -> Result<(), CommandError> {
    let mut stop = StopSignals::listen()?;
    let listener = serve::bind(&config).await?;
    let encrypted = config.connections.tls.is_some();
    let handle = serve(config, listener).await?;
    let scheme = if encrypted { "https" } else { "http" };
    tracing::info!(address = %handle.address(), "serving on {scheme}://{}", handle.address());
    if let Some(admin) = handle.admin_address() {
        tracing::info!(address = %admin, "serving health and metrics on http://{admin}");
    }
    let signal = stop.next().await;
    tracing::info!(signal, "stopping");
    handle.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

/// Says what the server is about to do, so that a wrong setting is seen.
fn announce(config: &Config) {
    for name in config.source().unknown_variables() {
        tracing::warn!(name, "a SEAWALL_ variable means nothing; is it misspelt?");
    }
    let (rest, server) = (&config.rest, &config.server);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = config.database.address(),
        pool = config.database.pool_size,
        schemas = rest.schemas.join(","),
        anonymous_role = rest.anon_role.as_deref().unwrap_or("none"),
        tokens = config.jwt.keys.is_some(),
        rate_limits = config.limits.enabled,
        rest_at_root = server.rest_root,
        page = server
            .static_dir
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default(),
        "starting"
    );
    if config.jwt.keys.is_none() {
        tracing::warn!("no jwt-secret is set: every token will be refused");
    }
}

/// Ctrl-C, and SIGTERM where there is one.
struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = tokio::signal::ctrl_c() => "Ctrl-C",
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}
