//! `seawall partitions`: what a running server does every hour, once.

use std::process::ExitCode;

use secrecy::ExposeSecret as _;

use crate::cli::CommandError;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Source, key};
use crate::partitions;

pub(super) fn run(source: Source) -> Result<ExitCode, CommandError> {
    let config = Config::load(source)?;
    let missing = || {
        ConfigError::new(
            key::STORE_DATABASE_URL.name,
            "SEAWALL_STORE_DATABASE_URL",
            "is needed",
        )
    };
    let uri = config.cluster.store_uri.clone().ok_or_else(missing)?;
    let now = Clock::system().unix();
    let done = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(partitions::keep_at(uri.expose_secret(), &config.partitions, now))
        .map_err(crate::migrate::MigrateError::from)?;
    let mut status = ExitCode::SUCCESS;
    for table in done {
        println!(
            "{}: {} made, {} dropped, {} rows swept, {} months ahead",
            table.table,
            table.created.len(),
            table.dropped.len(),
            table.swept,
            table.horizon
        );
        for problem in table.problems {
            eprintln!("seawall: {}: {problem}", table.table);
            status = ExitCode::FAILURE;
        }
    }
    Ok(status)
}
