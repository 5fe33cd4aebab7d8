//! What the server tells its operators: Prometheus metrics and log lines.

mod active;
mod audit;
mod business;
mod cache;
mod client;
mod edge;
mod identity;
mod kept;
mod limits;
mod metrics;
mod names;
mod partitions;
mod proxy;
mod queue;
mod recent;
mod route;
mod streams;
mod traces;
mod upkeep;

pub use metrics::Metrics;
pub(crate) use route::label;
pub(crate) use traces::{Child, Trace, Traces};
pub(crate) use upkeep::keep_small;

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// Starts writing log lines to standard error. A second call changes nothing.
pub fn start_logging(config: LogConfig) {
    // The driver's and the HTTP library's debug lines would repeat statements and headers.
    let directives = format!(
        "{level},hyper=warn,h2=warn,tokio_postgres=warn,sqlx=warn,rustls=warn",
        level = config.level
    );
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(std::io::stderr)
        .with_target(false);
    let started = match config.format {
        LogFormat::Text => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}
