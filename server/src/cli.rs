//! The command line: `serve`, `check`, `partitions`, `token`, `migrate`, `config check`.

mod check;
mod migrate;
mod partitions;
mod serve;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError, Source};

/// Protects PostgreSQL behind PostgREST's protocol: limits, row-level security and metrics.
#[derive(Debug, Parser)]
#[command(name = "seawall", version)]
pub struct Cli {
    /// Configuration file (TOML); the environment is over it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until stopped
    Serve,
    /// Look for holes in the database's row-level security; fails where it finds some
    Check(check::Arguments),
    /// Make the partitions to come and drop those past their retention, once
    Partitions,
    /// Mint a token for development
    Token(token::Arguments),
    /// Bring Seawall's own tables up to date
    Migrate(migrate::Arguments),
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Validate it and print what is set, without secrets
    Check,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] crate::serve::StartError),
    #[error("{0}")]
    Token(String),
    #[error("{0}")]
    Check(String),
    #[error(transparent)]
    Migrate(#[from] crate::migrate::MigrateError),
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}

impl Cli {
    /// Carries the command out.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.try_run() {
            Ok(status) => status,
            Err(error) => {
                eprintln!("seawall: {error}");
                match error {
                    CommandError::Check(_) => check::NOT_CHECKED.into(),
                    CommandError::Config(_)
                    | CommandError::Start(_)
                    | CommandError::Token(_)
                    | CommandError::Migrate(_)
                    | CommandError::Io(_) => ExitCode::FAILURE,
                }
            }
        }
    }

    fn try_run(self) -> Result<ExitCode, CommandError> {
        let source = match &self.config {
            Some(path) => Source::process().with_file(path)?,
            None => Source::process().with_named_file()?,
        };
        let done = match self.command {
            Command::Check(arguments) => return check::run(source, arguments),
            Command::Partitions => return partitions::run(source),
            Command::Serve => serve::run(source),
            Command::Token(arguments) => token::run(&source, &arguments),
            Command::Migrate(arguments) => migrate::run(&source, &arguments),
            Command::Config {
                command: ConfigCommand::Check,
            } => check_configuration(source),
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

fn check_configuration(source: Source) -> Result<(), CommandError> {
    for name in source.unknown_variables() {
        eprintln!("seawall: {name} is not a variable that means anything");
    }
    for line in Config::load(source)?.summary()? {
        println!("{line}");
    }
    println!("configuration is valid");
    Ok(())
}
